"""python scripts/attach_text.py asn_nlp/data/model/standoff.jsonl TEXT.parquet --output OUT.jsonl

Join stand-off annotations with the text they were made on; where the package is installed,
``asn-nlp corpus attach-text`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["corpus", "attach-text", *sys.argv[1:]]))
