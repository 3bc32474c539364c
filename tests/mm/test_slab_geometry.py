"""Slabs of the SLAB allocator, against rows of real slabinfo files worked by hand."""

from __future__ import annotations

import pytest

from tracekit.mm.slab_geometry import SlabRules, slab_geometries

OLD = SlabRules()
INDEXED = SlabRules(struct_slab=0, index=1, off_slab_size=128)


@pytest.mark.parametrize(
    ("size", "order", "objects"),
    [
        (88, 0, 44),  # inside: 28 bytes and 4 for each object
        (704, 1, 11),  # outside: a page would waste more than an eighth
        (1536, 1, 5),
        (3072, 1, 2),
    ],
)
def test_slabs_up_to_3_12(size: int, order: int, objects: int) -> None:
    assert slab_geometries(size, OLD, (8,)) == {(order, objects)}


def test_slabs_with_byte_indexes() -> None:
    assert slab_geometries(136, INDEXED, (4,)) == {(0, 30)}
    assert slab_geometries(2208, INDEXED, (8,)) == {(1, 3)}


def test_a_size_at_the_border_leaves_two_answers() -> None:
    assert len(slab_geometries(512, OLD, (32,))) == 2


def test_huge_objects_have_a_slab_each() -> None:
    assert slab_geometries(1 << 20, OLD, (8,)) == {(8, 1)}
