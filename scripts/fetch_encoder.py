"""python scripts/fetch_encoder.py indobenchmark/indobert-base-p1 --output encoders/indobert-base

Fetch an encoder from the hub into a folder that training opens without a network; where the package
is installed, ``asn-nlp fetch-encoder`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["fetch-encoder", *sys.argv[1:]]))
