"""How Seedling was made: corpus, pre-training and probes. Nobody needs this to run it."""
