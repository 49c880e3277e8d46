"""python scripts/train.py [--config configs/indobert-base.yaml] [--data.train mine.jsonl]

Fine-tune an encoder on annotated articles; --help shows every option with its default.
"""

import sys

from asn_nlp.config import TrainConfig, parse_config
from asn_nlp.training import train

if __name__ == "__main__":
    config = parse_config(TrainConfig)
    try:
        print(f"run: {train(config)}")
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
