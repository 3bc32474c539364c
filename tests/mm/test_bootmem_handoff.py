"""Worked examples of free_all_bootmem_core() in its three versions."""

from __future__ import annotations

import pytest

from tracekit.mm.bootmem import BootmemNode
from tracekit.mm.bootmem_handoff import Release, ReleaseLoop, Releases, release


def node(pages: int, start: int = 0) -> BootmemNode:
    made = BootmemNode(0, start, start + pages, map_pfn=start + 1)
    made.free(start, start + pages)
    return made


@pytest.mark.parametrize("loop", ReleaseLoop)
def test_whole_words_go_as_blocks_and_the_rest_page_by_page(loop: ReleaseLoop) -> None:
    low = node(100)
    low.reserve(33, 34)
    freed = release(low, loop)
    assert freed.blocks[0] == (0, 5)
    assert freed.blocks[1] == (32, 0)
    assert freed.blocks[2] == (34, 0)
    assert (64, 5) in freed.blocks
    assert freed.blocks[-1] == (99, 0)
    assert freed.bitmap == (1, 2)
    assert freed.pages == 99 + 1


def test_the_last_word_of_a_node_goes_page_by_page_before_3_4() -> None:
    assert (32, 5) not in release(node(64), ReleaseLoop.FLAG).blocks
    assert (32, 5) in release(node(64), ReleaseLoop.SHIFTED).blocks


def test_an_odd_start_goes_page_by_page_before_3_4() -> None:
    freed = release(node(64, start=40), ReleaseLoop.FLAG)
    assert {order for _, order in freed.blocks} == {0}
    assert freed.pages == 65


def test_an_odd_start_is_joined_from_two_words_since_3_8() -> None:
    freed = release(node(96, start=40), ReleaseLoop.SHIFTED)
    assert [block for block in freed.blocks if block[1]] == [(64, 5), (96, 5)]
    assert freed.pages == 97


def test_an_odd_start_frees_the_wrong_pages_from_3_4_to_3_7() -> None:
    low = node(64, start=40)
    low.reserve(40, 44)
    freed = release(low, ReleaseLoop.ODD_START_GARBLED)
    assert (40, 0) in freed.blocks
    assert freed.blocks[-1] == (96, 5)
    assert freed.pages == 85


def test_64_bit_words_give_order_6() -> None:
    big = BootmemNode(0, 0, 128, word_bits=64)
    big.free(0, 128)
    freed = release(big)
    assert freed.blocks == ((0, 6), (64, 6))
    assert freed.bitmap is None


def test_a_reserved_node_releases_its_bitmap_only() -> None:
    assert release(BootmemNode(0, 0, 40000)).pages == 2


def test_all_nodes_blocks_come_in_the_order_of_the_frees() -> None:
    nodes = [Release(((32, 5), (70, 0)), (4, 6), 35), Release(((96, 5),), None, 32)]
    assert list(Releases(nodes).blocks) == [(32, 5), (70, 0), (4, 0), (5, 0), (96, 5)]
