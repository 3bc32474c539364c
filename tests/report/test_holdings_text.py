"""What caches and chunks hold, as text."""

from __future__ import annotations

from tracekit.replay.percpu.holdings import ChunkHolding
from tracekit.replay.slub.holdings import CacheHolding
from tracekit.report.holdings_text import render_percpu, render_slab


def cache(name: str, live: int, slabs: int = 2, older: int = 0) -> CacheHolding:
    return CacheHolding(name, 1024, 8192, slabs, 3, 8 * slabs, live, 512 * live, older, 20, 4, 1)


def test_a_row_for_each_cache_and_the_total() -> None:
    text = render_slab([cache("dentry", 1, older=1), cache("filp", 16)])
    assert "dentry                            1,024          2          3          1" in text
    assert "32,768 bytes of slabs that lines show, 15,360 of them" in text
    assert "Nearly empty: dentry\n" in text
    assert "1 slabs are older than the trace" in text


def test_rows_beyond_the_limit_are_counted() -> None:
    text = render_slab([cache("dentry", 8), cache("filp", 8), cache("gone", 0, slabs=0)], 1)
    assert "filp" not in text
    assert "... and 1 more caches" in text


def test_the_reason_stands_where_nothing_is_known() -> None:
    assert render_slab("hashed") == "\nNo simulation of the slab allocator: hashed\n"
    assert render_percpu("hashed") == "\nNo simulation of the percpu allocator: hashed\n"


def test_a_chunk_with_its_holes() -> None:
    text = render_percpu([ChunkHolding(0xFFFF0000, 65536, 8192, 4000, 1000, 12)])
    assert "0xffff0000" in text
    assert "75.0%" in text
