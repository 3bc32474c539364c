"""Replay of the remap allocator of 32-bit x86 NUMA kernels."""
