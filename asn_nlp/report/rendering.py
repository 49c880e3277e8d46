"""The templates of this room's pages: what is put in is escaped, and nothing may be missing."""

from asn_nlp.errors import extra

with extra("train", "a page"):
    from jinja2 import Environment, PackageLoader, StrictUndefined


def environment() -> Environment:
    return Environment(
        loader=PackageLoader("asn_nlp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
