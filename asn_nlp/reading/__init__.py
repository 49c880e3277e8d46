"""Articles to model inputs, and what a model says of them to scored spans; NumPy and tokenizers."""
