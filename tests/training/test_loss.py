import numpy as np
import torch

from asn_nlp.config import WindowConfig
from asn_nlp.labels import ASN_LABELS
from asn_nlp.reading.encoding import IGNORED, encode_articles
from asn_nlp.training.loss import joint_loss, positive_weight
from asn_nlp.training.model import JointOutput

N_TAGS, N_THEMES = len(ASN_LABELS.tags), len(ASN_LABELS.themes)


def test_the_loss_is_of_owned_tokens_and_themes():
    torch.manual_seed(0)
    output = JointOutput(torch.randn(2, 9, N_TAGS), torch.randn(5, N_THEMES))
    tags = torch.randint(0, N_TAGS, (2, 9))
    tags[0, 4:] = IGNORED
    themes = (torch.rand(5, N_THEMES) > 0.8).float()
    positive = torch.linspace(1, 3, N_THEMES)
    for weight in (0.0, 0.5):
        owned = tags != IGNORED
        expected = -output.tag_logits.log_softmax(-1)[owned, tags[owned]].mean()
        probability = output.theme_logits.sigmoid()
        gains = positive * themes * probability.log() + (1 - themes) * (1 - probability).log()
        loss = joint_loss(theme_weight=weight, theme_positive_weight=positive)
        torch.testing.assert_close(loss(output, tags, themes), expected - weight * gains.mean())


def test_without_themes_the_loss_is_of_the_tags():
    output = JointOutput(torch.randn(1, 4, 3), torch.zeros(2, 0))
    tags = torch.tensor([[0, 1, 2, IGNORED]])
    loss = joint_loss(theme_weight=1.0, theme_positive_weight=torch.zeros(0))
    expected = -output.tag_logits.log_softmax(-1)[0, [0, 1, 2], [0, 1, 2]].mean()
    torch.testing.assert_close(loss(output, tags, torch.zeros(2, 0)), expected)


def test_rare_themes_weigh_more(news, tiny_tokenizer):
    encoded = encode_articles(
        news, tiny_tokenizer.backend_tokenizer, ASN_LABELS, WindowConfig(64, 4), with_gold=True
    )
    themes = [piece.themes for one in encoded for window in one.windows for piece in window.pieces]
    counts = np.sum(themes, axis=0)
    weight = positive_weight(encoded, N_THEMES).numpy()
    assert ((weight >= 1) & (weight <= 10)).all()
    order = np.argsort(counts)
    assert weight[order[0]] > weight[order[-1]]
    np.testing.assert_allclose(
        weight, np.clip(np.sqrt((len(themes) - counts) / np.maximum(counts, 1)), 1, 10), rtol=1e-6
    )
    assert positive_weight([], N_THEMES).tolist() == [1.0] * N_THEMES
