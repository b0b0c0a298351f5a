"""What came in: whose it is, what it is, and what editors did to it."""
