"""python scripts/validate.py asn_nlp/data/corpus/{train,dev,test}.jsonl

Print what an editor must fix in annotated files; where the package is installed, ``asn-nlp
validate`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["validate", *sys.argv[1:]]))
