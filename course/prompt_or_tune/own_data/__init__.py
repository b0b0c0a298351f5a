"""The course's question, asked of the reader's own pairs: `prompt-or-tune decide`."""
