"""Replay of memblock: every logged call predicted, every dump compared."""
