"""A run as a web service: a JSON API, and one page to try it, review and correct what it finds.

``bodies`` says what requests and answers hold, ``exchange`` opens and makes files, ``app`` joins
them to addresses behind ``guard``, and ``server`` listens.
"""

from asn_nlp.service.app import make_app
from asn_nlp.service.server import serve

__all__ = ["make_app", "serve"]
