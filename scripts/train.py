"""python scripts/train.py [--config configs/indobert-base.yaml] [--data.train mine.jsonl]

Fine-tune an encoder on annotated articles; --help shows every option with its default.
"""

import sys

from transformers.utils import logging

from asn_nlp.config import TrainConfig, parse_config
from asn_nlp.training import train

if __name__ == "__main__":
    config = parse_config(TrainConfig)
    # Otherwise it lists the new heads and the old one's weights as if something were wrong.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        print(f"run: {train(config)}")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
