"""The processes that train one model together, as ``torchrun`` starts them; most often one."""

from collections.abc import Iterator
from contextlib import contextmanager

from accelerate import PartialState

from asn_nlp.engines.torch import pick_device
from asn_nlp.errors import TrainingError


def processes() -> PartialState:
    """This process among the others.

    It must be asked for here, since Accelerate takes a process that trains on the processor for the
    only one unless the first call says so.
    """
    return PartialState(cpu=pick_device().type == "cpu")


@contextmanager
def together() -> Iterator[None]:
    """Within, none of the processes outlives another that fails.

    Raises:
        TrainingError: in place of what PyTorch says where another is gone.
    """
    try:
        yield
    except RuntimeError as error:
        if processes().num_processes == 1:
            raise
        reason = " ".join(str(error).split())
        raise TrainingError(
            f"one of the {processes().num_processes} processes that train together failed or was "
            f"ended ({reason:.200}); mend what it says, and go on with --resume"
        ) from error
    # Threads of PyTorch that still speak with each other can keep an ending process from its end.
    processes().destroy_process_group()
