"""The five stages end to end on 1000 samples, and the decision: `prompt-or-tune tour`."""
