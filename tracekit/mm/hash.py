"""Sizes of the boot-time hash tables.

Mirrors mm/mm_init.c:alloc_large_system_hash (before v6.4 in mm/page_alloc.c).
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
ADAPT_SCALE_BASE = 64 << 30
MAX_ENTRIES = 0x80000000


@dataclass(frozen=True, slots=True)
class Machine:
    """What the size of a table depends on besides its caller.

    ``kernel_pages`` and ``all_pages`` are the kernel's nr_kernel_pages and nr_all_pages;
    ``adaptive`` says whether tables grow slower beyond 64 GiB (64-bit kernels since v4.13,
    9017217b6f45).
    """

    kernel_pages: int
    all_pages: int
    page_size: int = 4096
    adaptive: bool = True


def alloc_large_system_hash(
    machine: Machine,
    bucket: int,
    *,
    numentries: int = 0,
    scale: int = 0,
    low_limit: int = 0,
    high_limit: int = 0,
    small_shift: int | None = None,
) -> int:
    """Return the entries of a table whose buckets take ``bucket`` bytes.

    ``scale`` asks for one entry per 2^scale bytes of kernel memory unless ``numentries`` are
    given; ``small_shift`` is the least size of a caller with HASH_SMALL. What the allocation
    itself may take off when memory is short is not modelled.
    """
    entries = numentries or _by_memory(machine, bucket, scale, high_limit, small_shift)
    entries = 1 << max(entries - 1, 0).bit_length()
    limit = high_limit or machine.all_pages * machine.page_size // 16 // bucket
    entries = max(min(max(entries, low_limit), limit, MAX_ENTRIES), 1)
    return 1 << (entries.bit_length() - 1)


def _by_memory(
    machine: Machine, bucket: int, scale: int, high_limit: int, small_shift: int | None
) -> int:
    entries = machine.kernel_pages
    page_shift = machine.page_size.bit_length() - 1
    if machine.page_size < MIB:
        step = MIB // machine.page_size
        entries = -(-entries // step) * step
    if machine.adaptive and not high_limit:
        adapt = ADAPT_SCALE_BASE >> page_shift
        while adapt < entries:
            scale += 1
            adapt <<= 2
    entries = entries >> scale - page_shift if scale > page_shift else entries << page_shift - scale
    if small_shift is not None:
        return entries if entries >> small_shift else 1 << small_shift
    return machine.page_size // bucket if entries * bucket < machine.page_size else entries


def hash_order(size: int, page_size: int, *, rounded_up: bool) -> int:
    """Return the order printed for a table of ``size`` bytes.

    Since v6.18 that of the pages that it takes; before, log2 rounded down, which is negative
    below a page.
    """
    if rounded_up:
        return (-(-size // page_size) - 1).bit_length()
    return size.bit_length() - page_size.bit_length()
