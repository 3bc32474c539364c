"""Which requests share a cache."""

from __future__ import annotations

from tests.replay.slab_text import BASE, SlabText, obj
from tracekit.mm.slub_geometry import OrderRules
from tracekit.replay.slub.identity import Identity, identify_caches, is_whole_pages
from tracekit.replay.slub.layout import LinearMap
from tracekit.replay.slub.stream import SlabStream


def identify(text: SlabText) -> tuple[SlabStream, Identity]:
    stream = text.stream()
    return stream, identify_caches(stream, LinearMap(BASE, 12), OrderRules(), debug=False)


def test_callers_whose_objects_share_a_slab_share_a_cache() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x20, 0), 1024, "one")
    text.cache_alloc(obj(0x20, 1), 1024, "two")
    text.cache_alloc(obj(0x40, 1), 1024, "three")
    _, found = identify(text)
    assert found.cache_of[0] == found.cache_of[1] != found.cache_of[2]
    assert found.old_pages == {0x20: found.cache_of[0], 0x40: found.cache_of[2]}


def test_a_page_handed_out_again_may_go_to_another_cache() -> None:
    text = SlabText()
    text.cache_alloc(obj(0x20, 0), 1024, "one")
    text.page(0x20, 1)
    text.cache_alloc(obj(0x20, 1), 1024, "two")
    _, found = identify(text)
    assert found.cache_of[0] != found.cache_of[1]


def test_one_name_is_one_cache() -> None:
    text = SlabText()
    for slot in (0, 1):
        text.cache_alloc(obj(0x20, slot), 1024, "one")
        text.cache_alloc(obj(0x40, slot), 1024, "two")
        text.cache_free(obj(0x20, slot), "name")
        text.cache_free(obj(0x40, slot), "name")
    stream, found = identify(text)
    assert found.cache_of[0] == found.cache_of[1]
    assert stream.names == ["name"]


def test_objects_may_start_behind_a_red_zone() -> None:
    text = SlabText()
    for slot in range(3):
        text.cache_alloc(obj(0x20, slot, 144) + 8, 144)
    _, found = identify(text)
    assert found.caches[0].offset == 8


def test_large_requests_are_whole_pages() -> None:
    assert is_whole_pages(16384, 4096)
    assert not is_whole_pages(8192, 4096)
    assert not is_whole_pages(8448, 4096)
