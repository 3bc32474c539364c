"""Notes on how caches are used."""

from __future__ import annotations

from tests.replay.slab_text import SlabText, codes, make_twin, obj
from tracekit.replay.slub.twin import SlubTwin
from tracekit.replay.slub.usage import (
    note_sparse_slabs,
    note_travelling_objects,
    objects_in_use,
)


def ran(text: SlabText) -> SlubTwin:
    twin = make_twin(text)
    twin.run()
    twin.finish()
    return twin


def spread(kept: int) -> SlabText:
    """Twelve slabs of 8 objects; of each slab `kept` stay in use."""
    text = SlabText()
    text.kmalloc(obj(0x10, 0), 2048)
    heads = range(0x20, 0x20 + 24, 2)
    for head in heads:
        text.page(head, 1)
        for slot in range(8):
            text.kmalloc(obj(head, slot))
    for head in heads:
        for slot in range(kept, 8):
            text.kfree(obj(head, slot))
    return text


def test_slabs_nearly_empty_are_noted() -> None:
    twin = ran(spread(1))
    note_sparse_slabs(twin.desk, twin.world)
    assert [code for code, _ in codes(twin.desk.ledger)] == ["SL303"]
    assert "12 slabs" in twin.desk.ledger.divergences[0].simulated


def test_slabs_half_full_are_not() -> None:
    twin = ran(spread(4))
    note_sparse_slabs(twin.desk, twin.world)
    assert codes(twin.desk.ledger) == []
    assert 48 in [objects_in_use(each) for each in twin.world.caches]


def travel(freer: int) -> SlubTwin:
    text = SlabText()
    text.kmalloc(obj(0x10, 0), cpu=1)
    text.page(0x20, 1)
    for _ in range(1000):
        text.kmalloc(obj(0x20, 0), cpu=0)
        text.kfree(obj(0x20, 0), cpu=freer)
    return ran(text)


def test_objects_freed_on_another_processor_are_noted() -> None:
    twin = travel(1)
    note_travelling_objects(twin.desk, twin.world)
    assert "SL304" in [code for code, _ in codes(twin.desk.ledger)]


def test_objects_freed_at_home_are_not() -> None:
    twin = travel(0)
    note_travelling_objects(twin.desk, twin.world)
    assert "SL304" not in [code for code, _ in codes(twin.desk.ledger)]
