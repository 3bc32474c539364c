"""Grammars to parsers: lines become events, and what cannot be read is counted."""
