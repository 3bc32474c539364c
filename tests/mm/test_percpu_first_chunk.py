"""The first chunk's layout, with the sizes of captured boots."""

from __future__ import annotations

from tracekit.mm.percpu_first_chunk import (
    Request,
    best_units_per_alloc,
    build_alloc_info,
    fixed_unit_info,
    freed_back,
    group_cpus,
    max_distance,
    page_alloc_info,
    single_unit_info,
)

MIB = 1 << 20
X86 = Request(217088, 8192, 28672, 2 * MIB)


def test_one_cpu_a_node_takes_a_huge_page_each() -> None:
    info = build_alloc_info(X86, [[0], [1]])
    assert (info.dyn, info.unit, info.alloc, info.groups) == (28672, 2 * MIB, 2 * MIB, ((0,), (1,)))
    assert info.size_sum == 253952


def test_four_cpus_share_a_huge_page() -> None:
    info = build_alloc_info(X86, [[0, 1, 2, 3]])
    assert (info.unit, info.units_per_alloc, info.groups) == (524288, 4, ((0, 1, 2, 3),))


def test_units_left_over_stay_empty() -> None:
    info = build_alloc_info(X86, [list(range(7))])
    assert info.units_per_alloc == 8
    assert info.groups == ((0, 1, 2, 3, 4, 5, 6, None),)


def test_at_most_a_third_of_the_units_is_wasted() -> None:
    assert best_units_per_alloc(2 * MIB, 253952, [3], 4096) == 4
    assert best_units_per_alloc(2 * MIB, 253952, [2], 4096) == 2
    assert best_units_per_alloc(2 * MIB, 253952, [5], 4096) == 2


def test_dynamic_room_fills_the_last_page() -> None:
    info = build_alloc_info(Request(54732, 8192, 20480, 4096), [[0]])
    assert (info.dyn, info.unit) == (23092, 86016)


def test_pages_of_64k_set_the_least_unit() -> None:
    info = build_alloc_info(Request(5000, 0, 10000, 65536, 65536), [[0]])
    assert info.unit == 65536


def test_page_by_page_there_is_one_group() -> None:
    info = page_alloc_info(Request(217088, 8192, 12288, 2 * MIB), [0, 1])
    assert (info.unit, info.atom, info.groups) == (58 * 4096, 4096, ((0, 1),))


def test_without_smp_one_unit_is_all_dynamic() -> None:
    info = single_unit_info(20480)
    assert (info.static, info.dyn, info.unit, info.groups) == (0, 32768, 32768, ((0,),))


def test_ia64_has_units_of_a_fixed_size() -> None:
    info = fixed_unit_info(33176, 8192, 262144, 16384, [[0]])
    assert (info.dyn, info.unit, info.alloc // info.atom) == (220776, 262144, 16)


def test_cpus_join_the_first_group_that_is_near() -> None:
    node = {0: 0, 1: 1, 2: 0, 3: 1}
    assert group_cpus([0, 1, 2, 3], lambda a, b: node[a] == node[b]) == [[0, 2], [1, 3]]


def test_what_no_unit_needs_goes_back() -> None:
    info = build_alloc_info(X86, [list(range(7))])
    parts = freed_back(info)[0]
    assert parts[0] == (253952, 8192)
    assert parts[-1] == (7 * 262144, 262144)


def test_distance_reaches_from_the_lowest_to_the_end_of_the_highest_group() -> None:
    info = build_alloc_info(X86, [[0], [1]])
    assert max_distance([0x1F200000, 0xF800000], info) == 0x1F200000 - 0xF800000 + 2 * MIB
    assert info.group_bytes(1) == 2 * MIB
