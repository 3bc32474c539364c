"""The x86 list of early reservations that came before memblock (2.6.24 to 2.6.36).

Mirrors arch/x86/kernel/e820.c of 2.6.32 (find_e820_area(), reserve_early(),
free_early(), early_res_to_bootmem()); kernel/early_res.c from 2.6.34 on is the same code
moved. Addresses are bytes, ends exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class EarlyRange(NamedTuple):
    """One reservation: [start, end) in bytes, and the name of its owner."""

    start: int
    end: int
    name: str


@dataclass(slots=True)
class EarlyRes:
    """The reservations in the order they were made, above the RAM ranges of the e820 map."""

    ram: list[tuple[int, int]] = field(default_factory=list)
    entries: list[EarlyRange] = field(default_factory=list)

    def overlapping(self, start: int, end: int) -> EarlyRange | None:
        """The first reservation that [start, end) touches (find_overlapped_early())."""
        return next((e for e in self.entries if end > e.start and start < e.end), None)

    def reserve(self, start: int, end: int, name: str) -> None:
        """Add a reservation. Raises ValueError on an overlap, where the kernel panics."""
        other = self.overlapping(start, end)
        if other is not None:
            raise ValueError(f"{name} overlaps {other.name}")
        self.entries.append(EarlyRange(start, end, name))

    def reserve_overlap_ok(self, start: int, end: int, name: str) -> None:
        """Add a reservation that later ones may overlap (reserve_early_overlap_ok())."""
        self.entries.append(EarlyRange(start, end, name))

    def free(self, start: int, end: int) -> None:
        """Drop the reservation of exactly [start, end); KeyError if there is none."""
        found = [e for e in self.entries if (e.start, e.end) == (start, end)]
        if not found:
            raise KeyError((start, end))
        self.entries.remove(found[0])

    def find_area(self, start: int, end: int, size: int, align: int) -> int | None:
        """The lowest aligned address in [start, end) with size free bytes of RAM, or None."""
        for ram_start, ram_end in self.ram:
            addr = -(-max(ram_start, start) // align) * align
            while addr + size <= ram_end and (hit := self.overlapping(addr, addr + size)):
                addr = -(-hit.end // align) * align
            if addr + size <= min(ram_end, end):
                return addr
        return None

    def is_free(self, start: int, end: int) -> bool:
        """Whether [start, end) lies in one RAM range and touches no reservation."""
        in_ram = any(low <= start and end <= high for low, high in self.ram)
        return in_ram and self.overlapping(start, end) is None

    def to_bootmem(self, start: int, end: int) -> Iterator[tuple[EarlyRange, int, int]]:
        """Each reservation with the part [from, to) of it that lies in [start, end).

        The part is empty (from >= to) where they do not meet; then the log line has no
        `==>` and nothing is reserved (early_res_to_bootmem()).
        """
        for entry in self.entries:
            yield entry, max(start, entry.start), min(end, entry.end)
