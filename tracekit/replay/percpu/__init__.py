"""Replay of the percpu allocator: the first chunk, then every area of a trace."""
