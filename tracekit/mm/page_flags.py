"""How section, node and zone share the upper bits of page->flags.

Mirrors include/linux/page-flags-layout.h and the PGOFF and PGSHIFT macros of
include/linux/mmzone.h and mm.h. All numbers are bits.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Widths:
    """The bits of each part, from the top down; ``others`` lie below them, above the flags."""

    section: int
    node: int
    zone: int
    last_cpupid: int = 0
    kasan_tag: int = 0
    others: int = 0

    def pgoffs(self, bits: int) -> dict[str, int]:
        """Return the lowest bit of each part in a long of ``bits``, room or no room."""
        found, offset = {}, bits
        for name in ("section", "node", "zone", "last_cpupid", "kasan_tag"):
            offset -= getattr(self, name)
            found[name] = offset
        return found

    def pgshifts(self, bits: int) -> dict[str, int]:
        """Return the shift of each part, 0 for a part without room (LAST_CPUPID_PGSHIFT)."""
        return {name: off if getattr(self, name) else 0 for name, off in self.pgoffs(bits).items()}

    def free_bits(self, bits: int, last_cpupid_shift: int) -> int:
        """Return what mminit_verify_pageflags_layout() leaves to flags.

        It takes off the last processor's shift, whether or not that found room.
        """
        used = self.section + self.node + self.zone + self.kasan_tag + self.others
        return bits - used - last_cpupid_shift


def zones_shift(zones: int) -> int:
    """Return the bits that number ``zones`` zones, Movable and Device among them."""
    return max(zones - 1, 0).bit_length() if zones <= 8 else 4


def zone_id(widths: Widths, bits: int, *, section_shift: int, node_shift: int) -> tuple[int, int]:
    """Return the bits of a zone's id: the first above the highest, and the lowest.

    A zone is named by its node; where nodes have no room, by its section.
    """
    offs = widths.pgoffs(bits)
    if node_shift and not widths.node:
        return _span(section_shift + widths.zone, min(offs["section"], offs["zone"]))
    return _span(node_shift + widths.zone, min(offs["node"], offs["zone"]))


def _span(shift: int, lowest: int) -> tuple[int, int]:
    return lowest + shift, lowest
