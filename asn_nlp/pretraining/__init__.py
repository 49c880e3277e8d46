"""Plain text in, an encoder out.

The steps are ``plain_text``, ``vocabulary``, ``masking``, ``language_model`` and ``optimizer``;
``trainer`` puts them together.
"""

from asn_nlp.pretraining.trainer import pretrain

__all__ = ["pretrain"]
