"""python scripts/records.py RUN articles/ --output officials.csv --meta url,date --summary map.html

List who holds which post where, in news that a run reads, and draw where the news comes from; where
the package is installed, ``asn-nlp records`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["records", *sys.argv[1:]]))
