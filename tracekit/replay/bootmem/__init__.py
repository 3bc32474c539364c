"""Replay of bootmem, the boot allocator of kernels before memblock took over."""
