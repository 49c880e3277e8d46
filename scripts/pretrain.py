"""python scripts/pretrain.py --config configs/pretrain-compact.yaml --data.train '[texts/]'

Pretrain an encoder on plain text (.txt and .parquet files, or folders of them), or go on with one
from the hub (configs/pretrain-indobert.yaml). A run that was cut off goes on with --resume true.
"""

import sys

from asn_nlp.config import PretrainConfig, parse_config
from asn_nlp.model import RunError
from asn_nlp.pretraining import PretrainingError, TextError, pretrain

if __name__ == "__main__":
    try:
        print(f"encoder: {pretrain(parse_config(PretrainConfig))}")
    except (TextError, RunError, PretrainingError, OSError) as error:
        sys.exit(f"error: {error}")
