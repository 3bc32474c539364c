"""Slab orders and object layouts: sizes of real caches, answers worked by hand."""

from __future__ import annotations

import pytest

from tracekit.mm.slub_geometry import OrderRules, calculate_order, calculate_sizes, geometry

OLD = OrderRules(by_waste=False)


@pytest.mark.parametrize(
    ("size", "order", "objects"),
    [
        (8, 0, 512),
        (192, 0, 21),
        (256, 0, 16),  # one CPU wants 8 objects, 16 fit in a page
        (1024, 1, 8),
        (1216, 2, 13),
        (2112, 3, 15),
        (2432, 3, 13),
        (4096, 3, 8),
        (8192, 3, 4),
    ],
)
def test_orders_of_one_cpu(size: int, order: int, objects: int) -> None:
    for rules in (OLD, OrderRules()):
        shape = geometry(size, rules)
        assert (shape.order, shape.objects) == (order, objects)


def test_more_cpus_want_more_objects() -> None:
    assert OrderRules(cpus=1).wanted_objects == 8
    assert OrderRules(cpus=2).wanted_objects == 12
    assert OrderRules(cpus=4).wanted_objects == 16
    assert calculate_order(512, OrderRules(cpus=1)) == 0
    assert calculate_order(512, OrderRules(cpus=2)) == 1


def test_limits_of_the_command_line() -> None:
    assert calculate_order(64, OrderRules(min_order=1)) == 1
    assert calculate_order(64, OrderRules(min_objects=200)) == 2
    assert calculate_order(4096, OrderRules(max_order=1)) == 1


def test_an_object_larger_than_the_largest_order_gets_its_own() -> None:
    assert calculate_order(100_000, OLD) == 5
    assert calculate_order(100_000, OrderRules()) == 5


def test_waste_shrinks_the_wanted_number_before_6_8_only() -> None:
    """5,400 bytes: 6 fit in 8 pages (1 % waste), 8 objects do not fit at all."""
    assert geometry(5400, OLD).objects == geometry(5400, OrderRules()).objects == 6


def test_larger_pages_need_no_orders() -> None:
    assert calculate_order(2112, OrderRules(page_size=65536)) == 0
    assert calculate_order(4096, OrderRules(page_size=16384)) == 1


def test_partial_lists() -> None:
    assert geometry(64, OLD).min_partial == 5
    assert geometry(8192, OLD).min_partial == 6
    assert geometry(64, OLD).cpu_partial_slabs == 4
    assert geometry(8192, OLD).cpu_partial_slabs == 3
    assert geometry(64, OLD, debug=True).cpu_partial == 0


def test_layout_without_debugging() -> None:
    layout = calculate_sizes(56, 8, 8)
    assert (layout.size, layout.object_offset, layout.free_pointer) == (56, 0, 24)
    assert calculate_sizes(60, 64, 8).size == 64
    assert calculate_sizes(56, 8, 8, pointer_outside=True).size == 64


def test_layout_with_full_debugging() -> None:
    """Acpi-Namespace under slub_debug=FZPU on 6.1: 48 bytes of object stand 144 apart."""
    layout = calculate_sizes(48, 8, 8, red_zone=True, poison=True, store_user=64)
    assert layout.size == 144
    assert layout.object_offset == 8
    assert layout.inuse == 56
