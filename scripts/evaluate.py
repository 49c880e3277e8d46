"""python scripts/evaluate.py RUN FILE.jsonl [--against OTHER_RUN] [--output FOLDER]

Score a run: tables here; report.json, report.html and predictions.jsonl beside the run; where the
package is installed, ``asn-nlp evaluate`` does the same.
"""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
