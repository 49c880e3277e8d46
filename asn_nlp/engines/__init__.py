"""Run folders, and the engines that turn batches of tokens into logits and token vectors."""
