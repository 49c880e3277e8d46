"""python scripts/baseline.py TRAIN.jsonl TEST.jsonl

Train the baselines on one file and score them on another; where the package is installed, ``asn-nlp
baseline`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["baseline", *sys.argv[1:]]))
