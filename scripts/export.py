"""python scripts/export.py RUN

Write the graph of a run, so that it is read without PyTorch; where the package is installed,
``asn-nlp export`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]]))
