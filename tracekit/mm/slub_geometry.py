"""How SLUB lays objects out in a slab (mm/slub.c).

Sizes and alignments are bytes, orders are powers of two of pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.mm.percpu_block import align_up

__all__ = [
    "Geometry",
    "ObjectLayout",
    "OrderRules",
    "calculate_order",
    "calculate_sizes",
    "geometry",
]

PAGE_ALLOC_COSTLY_ORDER = 3
MAX_OBJS_PER_PAGE = 32767
MIN_PARTIAL = 5
MAX_PARTIAL = 10
NO_ORDER = 64


@dataclass(frozen=True, slots=True)
class OrderRules:
    """What the choice of an order depends on.

    `min_order`, `max_order` and `min_objects` are the limits that the SLUB banner prints;
    `min_objects` 0 means by the number of CPUs.  `by_waste`: the order starts from min_objects and
    only the acceptable waste grows (6.7 and later); before that min_objects shrinks step by step.
    """

    page_size: int = 4096
    cpus: int = 1
    min_order: int = 0
    max_order: int = PAGE_ALLOC_COSTLY_ORDER
    min_objects: int = 0
    by_waste: bool = True

    @property
    def wanted_objects(self) -> int:
        """Objects that a slab should hold at least, so that many CPUs contend less."""
        return self.min_objects or 4 * (self.cpus.bit_length() + 1)


@dataclass(frozen=True, slots=True)
class Geometry:
    """A cache's slabs: `size` bytes from object to object, `order`, `objects` in a slab."""

    size: int
    order: int
    objects: int
    min_partial: int
    cpu_partial: int
    cpu_partial_slabs: int

    @property
    def pages(self) -> int:
        """Pages of one slab."""
        return 1 << self.order


@dataclass(frozen=True, slots=True)
class ObjectLayout:
    """Where things lie inside one object's place; all offsets from the place's start.

    `object_offset` is the left red zone (red_left_pad), `free_pointer` the freelist pointer's
    offset from the object, `inuse` the end of object and right red zone.
    """

    size: int
    object_offset: int
    free_pointer: int
    inuse: int


def get_order(size: int, page_size: int) -> int:
    """Return the order of the smallest block of pages that holds `size` bytes."""
    pages = -(-size // page_size)
    return (pages - 1).bit_length() if pages > 1 else 0


def calculate_order(size: int, rules: OrderRules) -> int:
    """Return the order of a cache's slabs (calculate_order)."""
    fitting = (rules.page_size << rules.max_order) // size
    if rules.by_waste:
        return _order_by_waste(size, min(rules.wanted_objects, max(fitting, 1)), rules)
    wanted = min(rules.wanted_objects, fitting)
    while wanted > 1:
        for fraction in (16, 8, 4):
            order = _slab_order(size, wanted, fraction, rules)
            if order <= rules.max_order:
                return order
        wanted -= 1
    return max(get_order(size, rules.page_size), rules.min_order)


def _order_by_waste(size: int, wanted: int, rules: OrderRules) -> int:
    order = max(rules.min_order, get_order(wanted * size, rules.page_size))
    if (rules.page_size << order) // size > MAX_OBJS_PER_PAGE:
        return get_order(size * MAX_OBJS_PER_PAGE, rules.page_size) - 1
    for fraction in (16, 8, 4, 2):
        found = _first_with_waste(size, order, fraction, rules)
        if found <= rules.max_order:
            return found
    return get_order(size, rules.page_size)


def _slab_order(size: int, wanted: int, fraction: int, rules: OrderRules) -> int:
    if (rules.page_size << rules.min_order) // size > MAX_OBJS_PER_PAGE:
        return get_order(size * MAX_OBJS_PER_PAGE, rules.page_size) - 1
    order = max(rules.min_order, get_order(wanted * size, rules.page_size))
    return _first_with_waste(size, order, fraction, rules)


def _first_with_waste(size: int, order: int, fraction: int, rules: OrderRules) -> int:
    """Return the first order from `order` on that wastes at most 1/`fraction` of a slab."""
    while order <= rules.max_order:
        slab = rules.page_size << order
        if slab % size <= slab // fraction:
            return order
        order += 1
    return NO_ORDER


def geometry(size: int, rules: OrderRules, *, debug: bool = False) -> Geometry:
    """Return the slabs of a cache whose objects stand `size` bytes apart.

    `debug` caches have no per-cpu partial slabs (set_min_partial, set_cpu_partial).
    """
    order = calculate_order(size, rules)
    objects = (rules.page_size << order) // size
    partial = max(MIN_PARTIAL, min(MAX_PARTIAL, (size.bit_length() - 1) // 2))
    cpu_partial = 0 if debug else _cpu_partial(size, rules.page_size)
    slabs = -(-2 * cpu_partial // objects) if objects else 0
    return Geometry(size, order, objects, partial, cpu_partial, slabs)


def _cpu_partial(size: int, page_size: int) -> int:
    """Return how many objects a CPU keeps in partial slabs (5.16 and later)."""
    if size >= page_size:
        return 6
    if size >= 1024:
        return 24
    return 52 if size >= 256 else 120


def calculate_sizes(
    object_size: int,
    align: int,
    word: int,
    *,
    red_zone: bool = False,
    poison: bool = False,
    store_user: int = 0,
    pointer_outside: bool = False,
) -> ObjectLayout:
    """Return the layout of one object (calculate_sizes).

    `word` is the size of a pointer, `store_user` the bytes that user tracking takes (0: off).
    `pointer_outside`: the freelist pointer may not overlap the object, because of a constructor
    or because RCU readers may still look at it.
    """
    size = align_up(object_size, word)
    if red_zone and size == object_size:
        size += word
    inuse = size
    if poison or pointer_outside or (red_zone and object_size < word):
        free_pointer = size
        size += word
    else:
        free_pointer = object_size // 2 // word * word
    size += store_user
    left = align_up(word, align) if red_zone else 0
    if red_zone:
        size += word + left
    return ObjectLayout(align_up(size, align), left, free_pointer, inuse)
