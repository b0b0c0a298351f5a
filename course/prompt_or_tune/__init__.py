"""Prompt or tune? The pipeline of the course, one module per stage, and its command."""
