import pytest
import torch

from asn_nlp.pretraining.optimizer import Float32Muon


@pytest.mark.parametrize("shape", [(12, 20), (20, 12), (16, 16)])
def test_muon_in_float32_takes_the_steps_of_the_stock_one(shape):
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), torch.randn(3, *shape)
    weights = []
    for kind in (torch.optim.Muon, Float32Muon):
        weight = torch.nn.Parameter(start.clone())
        optimizer = kind([weight], lr=0.05, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimizer.step()
        weights.append(weight.detach())
    moved = (weights[0] - start).norm()
    # bf16 has eight bits.
    assert (weights[0] - weights[1]).norm() < 0.02 * moved
    assert optimizer.state[weight].keys() == {"momentum_buffer"}
