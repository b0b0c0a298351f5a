"""A class full of trouble: generated submissions, each with the score that is right."""
