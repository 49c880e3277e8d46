"""python scripts/pretrain.py --config configs/pretrain-compact.yaml --data.train '[texts/]'

Pretrain an encoder on plain text, or go on with one from the hub; where the package is installed,
``asn-nlp pretrain`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["pretrain", *sys.argv[1:]]))
