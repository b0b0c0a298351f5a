"""The instructor's side of the course: build the notebooks, and grade what comes back."""
