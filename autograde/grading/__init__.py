"""Grading: a class on Dask's workers, a notebook in its sandbox, a cell's points."""
