"""python scripts/train.py [--config configs/indobert-base.yaml] [--data.train mine.jsonl]

Fine-tune an encoder on annotated articles; where the package is installed, ``asn-nlp train`` does
the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
