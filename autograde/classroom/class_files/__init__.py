"""What `autograde init` writes into a new class folder."""
