"""Push a run to the Hugging Face hub, with its card, and print the commit that pins it. The
repository is private unless --public. The names that training saw stay here.
"""

from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.errors import extra
from asn_nlp.shipped import run_folder


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("push", "RUN OWNER/NAME [--public]", __doc__)
    parser.add_argument("run", help="a run folder")
    parser.add_argument("repository", help="OWNER/NAME; made where there is none")
    parser.add_argument("--public", action="store_true", help="for all to see")
    options = parser.parse_args(arguments)
    with extra("train", "pushing a run"):
        from asn_nlp.publishing import push
    pushed = push(run_folder(options.run), options.repository, public=options.public)
    print(f"{'private' if pushed.private else 'public'}: {pushed.url}")
    print(f"commit: {pushed.commit}")
    print(f"hf download {options.repository} --revision {pushed.commit} --local-dir FOLDER")
    return DONE
