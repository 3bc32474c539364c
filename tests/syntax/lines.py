"""Lines of every wording, written by us: rule -> lines that it reads."""
LINES = {}
