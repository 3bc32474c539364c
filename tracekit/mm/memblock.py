"""Memblock, the allocator of early boot: the lists and everything that changes them.

Mirrors mm/memblock.c apart from searching (mm/memblock_search.py) and the allocation entry
points (mm/memblock_alloc.py). It knows nothing of logs::

    memblock = Memblock()
    memblock.add(0x1000, 0x7f000)
    memblock.reserve(0x1000, 0x3000)
    address = alloc(memblock, 4096, 64)

Addresses and sizes are bytes, ends exclusive. All operations cap a range at the top of the
physical address space, as memblock_cap_size() does.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.memblock_hints import GapHints
from tracekit.mm.memblock_search import (
    Wanted,
    find_range_bottom_up,
    find_range_top_down,
    round_down,
    round_up,
)
from tracekit.mm.memblock_type import (
    MEMBLOCK_DRIVER_MANAGED,
    MEMBLOCK_HOTPLUG,
    MEMBLOCK_MIRROR,
    MEMBLOCK_NOMAP,
    MEMBLOCK_NONE,
    MEMBLOCK_RSRV_KERN,
    MEMBLOCK_RSRV_NOINIT,
    NUMA_NO_NODE,
    Grow,
    MemblockType,
)

MEMBLOCK_ALLOC_ACCESSIBLE = 0
MEMBLOCK_ALLOC_NOLEAKTRACE = 1


@dataclass(frozen=True, slots=True)
class Config:
    """What differs between kernels and builds.

    ``region_size`` is sizeof(struct memblock_region) in bytes. ``kernel_end`` is the end of the
    image below which a bottom-up search never looked before v5.11 (2dcb39645441), or None.
    ``reserve_nid`` is true since v6.16 (4c78cc596bb8), when allocations began to record their
    node and MEMBLOCK_RSRV_KERN in the reserved list. ``resizable`` says whether
    memblock_allow_resize() has been called; ``smp_cache_bytes`` replaces an alignment of 0.
    """

    page_size: int = 4096
    phys_addr_bits: int = 64
    region_size: int = 24
    init_regions: int = 128
    movable_node: bool = False
    mirrored_kernelcore: bool = False
    kernel_end: int | None = None
    reserve_nid: bool = False
    resizable: bool = False
    smp_cache_bytes: int = 64


class Memblock:
    """The memory, reserved and physmem lists with their limits and direction of search.

    ``messages`` collects the lines that the kernel would have printed by itself.
    """

    def __init__(self, config: Config = Config()) -> None:
        self.config = config
        self.phys_addr_max = (1 << config.phys_addr_bits) - 1
        self.memory = self._new_type("memory")
        self.reserved = self._new_type("reserved")
        self.physmem = self._new_type("physmem")
        self.current_limit = self.phys_addr_max
        self.bottom_up = False
        self.has_mirror = False
        self.messages: list[str] = []
        self._hints = GapHints()
        self._arrays: dict[str, tuple[int, int]] = {}

    def copy(self) -> Memblock:
        """Independent copy: what one does to it leaves this one alone."""
        twin = Memblock(self.config)
        for name in ("memory", "reserved", "physmem"):
            setattr(twin, name, getattr(self, name).copy(twin._grow_hook()))
        twin.current_limit = self.current_limit
        twin.bottom_up = self.bottom_up
        twin.has_mirror = self.has_mirror
        twin.messages = list(self.messages)
        twin._arrays = dict(self._arrays)
        return twin

    # -- the lists ------------------------------------------------------------------------

    def add(
        self, base: int, size: int, nid: int = NUMA_NO_NODE, flags: int = MEMBLOCK_NONE
    ) -> bool:
        """memblock_add() and memblock_add_node(): a range becomes RAM."""
        return self.memory.add_range(base, size, nid, flags)

    def remove(self, base: int, size: int) -> bool:
        """memblock_remove(): a range is RAM no longer; what is reserved in it stays so."""
        return self.memory.remove_range(base, size)

    def reserve(
        self, base: int, size: int, nid: int = NUMA_NO_NODE, flags: int = MEMBLOCK_NONE
    ) -> bool:
        """memblock_reserve(): a range is in use. Returns False on a full array."""
        return self.reserved.add_range(base, size, nid, flags)

    def reserve_kern(self, base: int, size: int, nid: int = NUMA_NO_NODE) -> bool:
        """memblock_reserve_kern() of v6.16: a reservation for the kernel's own data."""
        return self.reserve(base, size, nid, MEMBLOCK_RSRV_KERN)

    def free(self, base: int, size: int) -> bool:
        """memblock_phys_free(), earlier memblock_free(): a range is in use no longer."""
        return self.reserved.remove_range(base, size)

    def physmem_add(self, base: int, size: int) -> bool:
        """memblock_physmem_add(): s390's list of all memory, limits ignored."""
        return self.physmem.add_range(base, size)

    def set_node(self, base: int, size: int, which: MemblockType, nid: int) -> bool:
        """memblock_set_node(): give the regions inside a range to a node."""
        span = which.isolate_range(base, size)
        if span is None:
            return False
        for region in which.regions[slice(*span)]:
            region.nid = nid
        which.merge()
        return True

    # -- flags ----------------------------------------------------------------------------

    def mark_hotplug(self, base: int, size: int) -> bool:
        """memblock_mark_hotplug()"""
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_HOTPLUG)

    def clear_hotplug(self, base: int, size: int) -> bool:
        """memblock_clear_hotplug()"""
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_HOTPLUG, clear=True)

    def mark_mirror(self, base: int, size: int) -> bool:
        """memblock_mark_mirror(): does nothing without kernelcore=mirror."""
        if not self.config.mirrored_kernelcore:
            return True
        self.has_mirror = True
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_MIRROR)

    def mark_nomap(self, base: int, size: int) -> bool:
        """memblock_mark_nomap(): RAM that the kernel must not map."""
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_NOMAP)

    def clear_nomap(self, base: int, size: int) -> bool:
        """memblock_clear_nomap()"""
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_NOMAP, clear=True)

    def mark_driver_managed(self, base: int, size: int) -> bool:
        """Set MEMBLOCK_DRIVER_MANAGED, which memory hotplug gives to added ranges."""
        return self._setclr_flag(self.memory, base, size, MEMBLOCK_DRIVER_MANAGED)

    def mark_memory(self, base: int, size: int, flags: int) -> bool:
        """Set any MEMBLOCK_* flags on RAM, as memblock_setclr_flag() does.

        Once any is mirrored, allocations look for mirrored RAM first (choose_memblock_flags).
        """
        self.has_mirror = self.has_mirror or bool(flags & MEMBLOCK_MIRROR)
        return self._setclr_flag(self.memory, base, size, flags)

    def reserved_mark_noinit(self, base: int, size: int) -> bool:
        """memblock_reserved_mark_noinit(): struct pages of the range stay uninitialised."""
        return self._setclr_flag(self.reserved, base, size, MEMBLOCK_RSRV_NOINIT)

    # -- limits ---------------------------------------------------------------------------

    def find_max_addr(self, limit: int) -> int:
        """Address below which ``limit`` bytes of RAM lie; phys_addr_max if there is less."""
        for region in self.memory:
            if limit <= region.size:
                return region.base + limit
            limit -= region.size
        return self.phys_addr_max

    def enforce_memory_limit(self, limit: int) -> None:
        """memblock_enforce_memory_limit(): keep the first ``limit`` bytes of RAM."""
        max_addr = self.find_max_addr(limit)
        if not limit or max_addr == self.phys_addr_max:
            return
        self.memory.remove_range(max_addr, self.phys_addr_max)
        self.reserved.remove_range(max_addr, self.phys_addr_max)

    def cap_memory_range(self, base: int, size: int) -> None:
        """memblock_cap_memory_range(): keep this range, and NOMAP regions outside it."""
        if not size or not self.memory.total_size:
            return
        span = self.memory.isolate_range(base, size)
        if span is None:
            return
        for index in reversed(range(len(self.memory))):
            outside = not span[0] <= index < span[1]
            if outside and not self.memory.regions[index].flags & MEMBLOCK_NOMAP:
                self.memory.remove_regions(index, index + 1)
        self.reserved.remove_range(0, base)
        self.reserved.remove_range(base + size, self.phys_addr_max)

    def mem_limit_remove_map(self, limit: int) -> None:
        """memblock_mem_limit_remove_map(): arm64's mem=, NOMAP regions survive."""
        max_addr = self.find_max_addr(limit)
        if limit and max_addr != self.phys_addr_max:
            self.cap_memory_range(0, max_addr)

    def trim_memory(self, align: int) -> None:
        """memblock_trim_memory(): shrink RAM to multiples of ``align``; sums stay as they are."""
        for index in reversed(range(len(self.memory))):
            region = self.memory.regions[index]
            start, end = round_up(region.base, align), round_down(region.end, align)
            if (start, end) == (region.base, region.end):
                continue
            if start < end:
                self.memory.resize(index, start, end)
            else:
                self.memory.remove_regions(index, index + 1)

    # -- the region arrays ----------------------------------------------------------------

    def find_in_range(self, start: int, end: int, size: int, align: int) -> int:
        """Free address in [start, end), or 0, with the mirror retry (memblock_find_in_range)."""
        wanted = Wanted(size, align, start, end, NUMA_NO_NODE, self.choose_flags())
        found = self.find_in_range_node(wanted)
        if not found and wanted.flags & MEMBLOCK_MIRROR:
            self.warn_no_mirror(size)
            found = self.find_in_range_node(wanted._replace(flags=wanted.flags & ~MEMBLOCK_MIRROR))
        return found

    def find_in_range_node(self, wanted: Wanted) -> int:
        """Free address, or 0 (mm/memblock.c:memblock_find_in_range_node).

        ``wanted.end`` 0 and 1 stand for current_limit; the first page is never given out.
        """
        end = wanted.end
        if end in (MEMBLOCK_ALLOC_ACCESSIBLE, MEMBLOCK_ALLOC_NOLEAKTRACE):
            end = self.current_limit
        start = max(wanted.start, self.config.page_size)
        end = max(start, end)
        bounded = Wanted(
            wanted.size,
            wanted.align or self.config.smp_cache_bytes,
            start,
            end,
            wanted.nid,
            wanted.flags,
            self.config.movable_node,
        )
        if not self.bottom_up:
            return self._hints.find(self.memory, self.reserved, bounded)
        if self.config.kernel_end is None:
            return find_range_bottom_up(self.memory, self.reserved, bounded)
        return self._find_above_kernel(bounded)

    def choose_flags(self) -> int:
        """Flags that a search starts with (mm/memblock.c:choose_memblock_flags)."""
        return MEMBLOCK_MIRROR if self.has_mirror else MEMBLOCK_NONE

    def warn_no_mirror(self, size: int) -> None:
        """Record the kernel's complaint that no mirrored memory is left."""
        width = 2 + self.config.phys_addr_bits // 4
        self.messages.append(f"Could not allocate {size:#0{width}x} bytes of mirrored memory")

    def double_array(self, which: MemblockType, area_start: int, area_size: int) -> int:
        """Place of a doubled region array, or 0 (memblock_double_array before slab exists).

        The range that waits to be reserved is kept clear, but only for the reserved list.
        """
        size = self.array_bytes(which.max * 2)
        if which is not self.reserved:
            area_start = area_size = 0
        page = self.config.page_size
        found = self.find_in_range(area_start + area_size, self.current_limit, size, page)
        if not found and area_size:
            found = self.find_in_range(0, min(area_start, self.current_limit), size, page)
        return found

    def array_bytes(self, entries: int) -> int:
        """Bytes that an array of so many regions takes from memblock: whole pages."""
        return round_up(entries * self.config.region_size, self.config.page_size)

    def discard(self) -> list[tuple[int, int]]:
        """memblock_discard(): forget the lists; returns (base, size) of the arrays to free."""
        arrays = sorted(self._arrays.values())
        self._arrays = {}
        self.memory, self.reserved = self._new_type("memory"), self._new_type("reserved")
        return arrays

    # -- inside ---------------------------------------------------------------------------

    def _new_type(self, name: str) -> MemblockType:
        return MemblockType(name, self.config.init_regions, self.phys_addr_max, self._grow_hook())

    def _grow_hook(self) -> Grow | None:
        return self._grow if self.config.resizable else None

    def _grow(self, which: MemblockType, area_start: int, area_size: int) -> bool:
        entries = which.max
        address = self.double_array(which, area_start, area_size)
        if not address:
            self.messages.append(
                f"memblock: Failed to double {which.name} array from {entries} to "
                f"{entries * 2} entries !"
            )
            return False
        last = address + entries * 2 * self.config.region_size - 1
        width = 2 + self.config.phys_addr_bits // 4
        self.messages.append(
            f"memblock: {which.name} is doubled to {entries * 2} at "
            f"[{address:#0{width}x}-{last:#0{width}x}]"
        )
        self._move_array(which, address)
        return True

    def _move_array(self, which: MemblockType, address: int) -> None:
        old = self._arrays.get(which.name)
        which.max *= 2
        self._arrays[which.name] = (address, self.array_bytes(which.max))
        if old is not None:
            self.free(*old)
        self.reserve(*self._arrays[which.name])

    def _find_above_kernel(self, wanted: Wanted) -> int:
        floor = self.config.kernel_end or 0
        if wanted.end > floor:
            above = wanted._replace(start=max(wanted.start, floor))
            found = find_range_bottom_up(self.memory, self.reserved, above)
            if found:
                return found
            self.messages.append(
                "memblock: bottom-up allocation failed, memory hotremove may be affected"
            )
        return find_range_top_down(self.memory, self.reserved, wanted)

    def _setclr_flag(
        self, which: MemblockType, base: int, size: int, flag: int, *, clear: bool = False
    ) -> bool:
        span = which.isolate_range(base, size)
        if span is None:
            return False
        for region in which.regions[slice(*span)]:
            region.flags = region.flags & ~flag if clear else region.flags | flag
        which.merge()
        return True
