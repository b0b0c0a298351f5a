"""A stand-in for Colab's own package: Colab's kernels have it loaded from the start."""
