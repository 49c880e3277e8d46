"""Fine-tuning: annotated articles and an encoder in, a run folder out."""

from asn_nlp.training.run import fit, train

__all__ = ["fit", "train"]
