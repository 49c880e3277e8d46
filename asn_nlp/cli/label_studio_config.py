"""Print the labelling configuration for a project of Label Studio: paste it into the project's
settings, under Labeling Interface, Code.
"""

from collections.abc import Sequence
from dataclasses import asdict

from asn_nlp.annotation.relations import HOLDS, OF, SAME
from asn_nlp.cli.boundary import DONE
from asn_nlp.cli.parser import command_parser
from asn_nlp.formats.label_studio import labelling_config
from asn_nlp.labels import ASN_LABELS, LabelSet
from asn_nlp.linking import OFFICIAL


def main(arguments: Sequence[str]) -> int:
    parser = command_parser("label-studio-config", "[--labels.entities LIST] > FILE", __doc__)
    parser.add_argument(
        "--labels",
        type=LabelSet,
        default=asdict(ASN_LABELS),
        help="the entity types and themes to offer",
    )
    labels = parser.instantiate(parser.parse_args(arguments)).labels
    # Lines between entities make records, which are of officials.
    relations = (SAME, HOLDS, OF) if OFFICIAL in labels.entities else ()
    print(labelling_config(labels, relations), end="")
    return DONE
