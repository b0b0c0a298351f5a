"""What is known of a class's submissions, in nbgrader's database and ours beside it."""
