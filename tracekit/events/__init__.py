"""Immutable facts, each with the line that states it."""
