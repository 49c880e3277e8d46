"""python scripts/build_corpus.py

Build the corpus that ships with the package from the sources people edit; where the package is
installed, ``asn-nlp corpus build`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["corpus", "build", *sys.argv[1:]]))
