"""``python -m asn_nlp`` is ``asn-nlp``."""

import sys

from asn_nlp.cli import main

if __name__ == "__main__":
    sys.exit(main())
