"""One renderer per file, each a pure function from a replay to text."""
