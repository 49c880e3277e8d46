"""transformers, which talks of what is no news to who gives a command."""

from transformers.utils import logging


def quiet_transformers() -> None:
    """Otherwise it lists new heads, and an old one's weights, as if something were wrong."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
