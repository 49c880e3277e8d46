"""python scripts/calibrate.py runs/latest heldout.jsonl

Make the scores of a run the probability of being right, by annotated articles; where the package is
installed, ``asn-nlp calibrate`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["calibrate", *sys.argv[1:]]))
