"""The budget's tree and its sums."""

from __future__ import annotations

from tracekit.replay.budget.tree import Budget, Item, group


def small() -> Budget:
    root = Item("RAM")
    reserved = root.add(Item("reserved"))
    reserved.add(Item("a", 100, "hash tables", "alloc_large_system_hash", None, 0, "DMA"))
    reserved.add(Item("b", 50, "hash tables", "alloc_large_system_hash", None, 1, "Normal"))
    root.add(Item("free", 850, "free", "page allocator", None, 0, "DMA"))
    return Budget(root, "memblock", 1000, 850, 840, [Item("zero pages", -4)])


def test_a_line_is_the_sum_of_those_below() -> None:
    budget = small()
    assert budget.root.bytes == 1000
    assert [(depth, item.name) for depth, item in budget.root.walk()] == [
        (0, "RAM"), (1, "reserved"), (2, "a"), (2, "b"), (1, "free"),
    ]  # fmt: skip


def test_groups_add_up_to_the_tree() -> None:
    budget = small()
    for by in ("caller", "kind", "node", "zone"):
        assert sum(item.bytes for item in group(budget, by)) == 1000
    assert [(i.name, i.bytes) for i in group(budget, "kind")] == [
        ("free", 850),
        ("hash tables", 150),
    ]
    assert [i.name for i in group(budget, "zone")] == ["node 0, zone DMA", "node 1, zone Normal"]
    assert [i.name for i in group(budget, "node")] == ["node 0", "node 1"]


def test_what_nothing_explains_is_the_remainder() -> None:
    assert small().remainder == -6
    assert Budget(Item("RAM"), "coarse").remainder is None
