"""python scripts/predict.py RUN articles/ more.jsonl --output predictions.jsonl

Read news from files and folders, and write it with the spans a run predicts; where the package is
installed, ``asn-nlp predict`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["predict", *sys.argv[1:]]))
