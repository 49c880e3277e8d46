"""Print the guidelines that ship: what is marked, where a mark begins and ends, and what each theme
means. The rules that validate cites are its headings.
"""

from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.shipped import GUIDELINES


def main(arguments: Sequence[str]) -> int:
    command_parser("guidelines", "", __doc__).parse_args(arguments)
    print(GUIDELINES.read_text(encoding="utf-8"), end="")
    return DONE
