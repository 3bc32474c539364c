"""Replay of SLUB (and of the geometry of SLAB): every object on a slot of its slab."""
