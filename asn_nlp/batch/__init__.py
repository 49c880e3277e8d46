"""Archives of any size: cut into shards, read by one process or many, each shard a part on disk."""

from asn_nlp.batch.columns import BatchPredictor
from asn_nlp.batch.job import BatchOptions, Progress, Summary, predict_files

__all__ = ["BatchOptions", "BatchPredictor", "Progress", "Summary", "predict_files"]
