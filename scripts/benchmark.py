"""python scripts/benchmark.py [--run RUN] [--file FILE] [--cache FOLDER] [--profile]

Time asn_nlp on this machine beside what one would else pick; where the package is installed,
``asn-nlp benchmark`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
