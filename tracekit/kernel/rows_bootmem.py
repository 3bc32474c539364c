"""What differs between kernels: bootmem (mm/bootmem.c)."""

from __future__ import annotations

from tracekit.kernel.feature import Feature

BOOTMEM: tuple[Feature, ...] = (
    Feature(
        "bootmem_odd_start_fixed",
        since=(3, 8),
        subject="mm: bootmem: fix free_all_bootmem_core() with odd bitmap alignment",
    ),
    Feature(
        "x86_active_ranges_from_e820",
        since=(2, 6, 27),
        subject="e820_register_active_regions fills early_node_map on 32-bit x86 too",
    ),
)
