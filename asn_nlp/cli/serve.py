"""Open a run on this machine: a page to try it, to review and correct what it finds and to save the
annotations in any format; and a JSON API, which /openapi.json describes. Only this machine reaches
it, unless --host says otherwise.
"""

from collections.abc import Sequence

from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.config import ServeConfig
from asn_nlp.errors import extra
from asn_nlp.predictor import Predictor
from asn_nlp.shipped import run_folder


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("serve", "RUN [--port PORT]", __doc__)
    parser.add_argument("run", help="a run folder, or ready for the model that ships")
    parser.add_argument("--host", default=ServeConfig.host, help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=ServeConfig.port, help="port to listen on; 0 takes a free one"
    )
    options = parser.parse_args(arguments).as_dict()
    run = options.pop("run")
    config = ServeConfig(**options)
    with extra("serve", "the web service"):
        from asn_nlp.service import serve
    serve(Predictor.from_pretrained(run_folder(run)), run=run, config=config)
    return DONE
