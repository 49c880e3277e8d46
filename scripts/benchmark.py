"""python scripts/benchmark.py [--run RUN] [--encoder FOLDER] [--articles 24] [--rounds 3]

Time asn_nlp against stock Hugging Face tools on this machine; where the package is installed,
``asn-nlp benchmark`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))
