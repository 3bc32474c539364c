"""How the SLAB allocator laid objects out (mm/slab.c, kernels up to 4.5).

A slab's management data lies in the slab before the objects, or, for large objects, elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu_block import align_up

__all__ = ["SlabRules", "slab_geometries"]

KMALLOC_MAX_ORDER = 10


@dataclass(frozen=True, slots=True)
class SlabRules:
    """Sizes in bytes: `struct_slab` and one `index` per object make a slab's management data.

    `off_slab_size` is the object size from which that data lies outside; `max_order` the order
    beyond which no slab grows to waste less (slab_max_order).
    """

    page_size: int = 4096
    struct_slab: int = 28
    index: int = 4
    off_slab_size: int = 512
    max_order: int = 1


def slab_geometries(size: int, rules: SlabRules, aligns: tuple[int, ...]) -> set[tuple[int, int]]:
    """Return every (order, objects per slab) that the rules allow for `size`.

    The log shows the size after alignment only, while the choice between inside and outside is
    made before; more than one answer means that the log cannot tell.
    """
    found = set()
    for align in aligns:
        before = {size, size - align + 1}
        outside = {each >= rules.off_slab_size for each in before if each > 0}
        found |= {_geometry(size, align, off, rules) for off in outside}
    return found


def _geometry(size: int, align: int, off_slab: bool, rules: SlabRules) -> tuple[int, int]:
    """Return (order, objects) as calculate_slab_order() chooses them."""
    for order in range(KMALLOC_MAX_ORDER + 1):
        slab = rules.page_size << order
        objects = slab // size if off_slab else _inside(size, align, slab, rules)
        if not objects:
            continue
        managed = 0 if off_slab else _managed(objects, align, rules)
        left = slab - objects * size - managed
        if order >= rules.max_order or left * 8 <= slab:
            return order, objects
    return 0, 0


def _managed(objects: int, align: int, rules: SlabRules) -> int:
    return align_up(rules.struct_slab + objects * rules.index, align)


def _inside(size: int, align: int, slab: int, rules: SlabRules) -> int:
    """Return how many objects fit beside the management data (cache_estimate)."""
    objects = max(slab - rules.struct_slab, 0) // (size + rules.index)
    while objects and _managed(objects, align, rules) + objects * size > slab:
        objects -= 1
    return objects
