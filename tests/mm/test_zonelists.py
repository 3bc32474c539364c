"""Fallback orders and zonelists against the lists of a machine with four nodes."""

from __future__ import annotations

from tracekit.mm.zonelists import FallbackRules, NodeLoad, fallback_orders, general_zonelist

FAR = {(0, 1): 20, (0, 2): 30, (0, 3): 40, (1, 2): 25, (1, 3): 20, (2, 3): 20}


def table(one: int, other: int) -> int:
    return 10 if one == other else FAR[min(one, other), max(one, other)]


def plain(one: int, other: int) -> int:
    return 10 if one == other else 20


def test_the_nearest_come_first_and_heads_of_groups_are_spread() -> None:
    # What Linux 6.12 prints for this table.
    assert fallback_orders(range(4), {0, 1, 2, 3}, table) == {
        0: [0, 1, 2, 3],
        1: [1, 3, 0, 2],
        2: [2, 3, 1, 0],
        3: [3, 1, 2, 0],
    }


def test_among_equals_the_next_in_number_comes_first() -> None:
    orders = fallback_orders(range(4), {0, 1, 2, 3}, plain)
    assert orders == {0: [0, 1, 2, 3], 1: [1, 2, 3, 0], 2: [2, 3, 0, 1], 3: [3, 0, 1, 2]}


def test_the_load_of_a_group_s_head_has_had_three_rules() -> None:
    far = {(0, 1): 20, (0, 2): 22, (0, 3): 20, (0, 4): 20, (1, 2): 22}
    far |= {(1, 3): 22, (1, 4): 20, (2, 3): 21, (2, 4): 20, (3, 4): 20}

    def last(load: NodeLoad) -> list[int]:
        def distance(one: int, other: int) -> int:
            return 10 if one == other else far[min(one, other), max(one, other)]

        rules = FallbackRules(load=load, max_nodes=64)
        return fallback_orders(range(5), set(range(5)), distance, rules)[4]

    assert last(NodeLoad.SET) == [4, 1, 0, 2, 3]
    assert last(NodeLoad.ADDED) == [4, 0, 2, 1, 3]
    assert last(NodeLoad.COUNTED) == [4, 0, 1, 2, 3]


def test_a_node_without_memory_heads_its_own_list_until_v6_7() -> None:
    old = FallbackRules(skips_memoryless=False)
    assert fallback_orders([0, 1], {0}, plain, old)[1] == [1, 0]
    assert fallback_orders([0, 1], {0}, plain)[1] == [0]


def test_nodes_with_processors_are_spared() -> None:
    rules = FallbackRules(with_cpus=frozenset({0, 1}))
    assert fallback_orders(range(3), {0, 1, 2}, plain, rules)[0] == [0, 2, 1]


def test_each_node_gives_its_zones_from_the_highest_down() -> None:
    zones = {0: ["DMA", "DMA32", "Normal"], 1: ["Normal", "Movable"]}
    assert general_zonelist([1, 0], zones, "Normal") == [
        (1, "Normal"),
        (0, "Normal"),
        (0, "DMA32"),
        (0, "DMA"),
    ]
    assert general_zonelist([0, 1], zones, "Movable", by_zone=True)[:3] == [
        (1, "Movable"),
        (0, "Normal"),
        (1, "Normal"),
    ]
