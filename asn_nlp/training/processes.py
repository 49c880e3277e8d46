"""The processes that train one model together, as ``torchrun`` starts them; most often one."""

from accelerate import PartialState

from asn_nlp.engines.torch import pick_device


def processes() -> PartialState:
    """This process among the others.

    It must be asked for here, since Accelerate takes a process that trains on the processor for the
    only one unless the first call says so.
    """
    return PartialState(cpu=pick_device().type == "cpu")
