"""Replay of mm_init: zones, memory map, hash tables, hand-off and the ``Memory:`` line."""
