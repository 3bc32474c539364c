"""Replay of the page allocator: every refill, page and drain of a trace predicted."""
