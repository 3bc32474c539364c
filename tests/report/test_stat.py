# ruff: noqa: E501  (lines of traces are long)
"""The statistics against counts made by another, independent reading of the same text."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.boots import boot_folders
from tests.traces import boots_with_trace, read, text_of
from tracekit.report.stat import percpu, slab
from tracekit.report.stat_options import Wanted, compute
from tracekit.report.stat_page import page

BOOTS = list(boots_with_trace(boot_folders()))[::6][:10]


def count(text: str) -> dict[str, int]:
    """Count what a trace says in the plainest way: one line after the other."""
    found: Counter[str] = Counter()
    objects: dict[str, tuple[str, int]] = {}
    pages: dict[int, int] = {}
    for line in text.splitlines():
        match = re.match(r".{16,}-\d+ +\[(\d+)\] .*?\d: (\w+): (.*)", line)
        if not match or match[2] == "tracing_mark_write":
            continue
        cpu, name, rest = match.groups()
        fields = dict(re.findall(r"(\w+)=(\S+)", rest))
        if name in ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node"):
            found["hit"] += 1
            found["requested"] += int(fields["bytes_req"])
            found["allocated"] += int(fields["bytes_alloc"])
            objects[fields["ptr"]] = cpu, int(fields["bytes_alloc"])
        elif name in ("kfree", "kmem_cache_free") and "ptr" in fields and int(fields["ptr"], 16):
            found["cross_cpu"] += objects.get(fields["ptr"], (cpu, 0))[0] != cpu
            found["alone"] += objects.pop(fields["ptr"], None) is None
        elif name == "mm_page_alloc" and int(fields["pfn"], 0):
            pages[int(fields["pfn"], 0)] = int(fields["order"])
            found["pages"] += 1 << int(fields["order"])
        elif name == "mm_page_free" or name == "mm_page_free_direct":
            pages.pop(int(fields["pfn"], 0), None)
    return found | {
        "live": len(objects),
        "live_bytes": sum(size for _, size in objects.values()),
        "live_pages": sum(1 << order for order in pages.values()),
    }


@pytest.mark.parametrize("boot", BOOTS, ids=lambda path: path.name)
def test_the_figures_are_those_of_another_reading(boot: Path) -> None:
    data = text_of(boot)
    expected, trace = count(data.decode()), read(data)
    section = slab(trace)
    total = section.total
    assert total.hit == expected["hit"]
    assert (total.requested, total.allocated) == (expected["requested"], expected["allocated"])
    assert total.cross_cpu == expected["cross_cpu"]
    assert section.frees_alone == expected["alone"]
    assert page(trace).total.allocated == expected["pages"]
    if b"(____ptrval____)" not in data:
        assert total.live == expected["live"]
        assert total.live_allocated == expected["live_bytes"]
    if b"mm_pagevec_free" not in data:
        assert page(trace).total.live_allocated == expected["live_pages"]


@pytest.mark.parametrize("boot", BOOTS[:3], ids=lambda path: path.name)
def test_every_grouping_adds_up_to_the_total(boot: Path) -> None:
    trace = read(text_of(boot))
    for section in (slab(trace), page(trace), percpu(trace)):
        for name, rows in section.groups.items():
            assert sum(row.hit for row in rows) == section.total.hit, name
            assert sum(row.allocated for row in rows) == section.total.allocated, name
            assert sum(row.live for row in rows) == section.total.live, name
            assert len({row.key for row in rows}) == len(rows), name


LINES = """\
a-1 [000] .... 1.000000: kmalloc: call_site=f+0x1/0x2 ptr=0000000000000a00 bytes_req=60 bytes_alloc=64 gfp_flags=GFP_KERNEL
b-2 [001] .... 1.000001: kmem_cache_alloc: call_site=g+0x1/0x2 ptr=0000000000000b00 bytes_req=100 bytes_alloc=128 gfp_flags=GFP_KERNEL
b-2 [001] .... 1.000002: kmalloc: call_site=f+0x1/0x2 ptr=0000000000000000 bytes_req=9000 bytes_alloc=9000 gfp_flags=GFP_KERNEL
a-1 [000] .... 1.000003: kmem_cache_free: call_site=h+0x1/0x2 ptr=0000000000000b00 name=dentry
a-1 [000] .... 1.000004: kfree: call_site=h+0x1/0x2 ptr=0000000000000000
a-1 [000] .... 1.000005: kfree: call_site=h+0x1/0x2 ptr=0000000000000c00
a-1 [000] .... 1.000006: mm_page_alloc: page=0000000000000000 pfn=0 order=9 migratetype=1 gfp_flags=GFP_KERNEL
a-1 [000] .... 1.000007: mm_page_alloc: page=00000000000000aa pfn=7 order=2 migratetype=1 gfp_flags=GFP_KERNEL
a-1 [000] .... 1.000008: percpu_alloc_percpu_fail: reserved=0 is_atomic=1 size=8 align=8
"""


def test_failures_nulls_and_strangers_are_told_apart() -> None:
    trace = read(LINES.encode())
    section = slab(trace)
    assert (section.failed, section.frees_of_null, section.frees_alone) == (1, 1, 1)
    assert (section.total.cross_cpu, section.total.live, section.total.live_allocated) == (1, 1, 64)
    caches = {row.key: row for row in section.groups["cache"]}
    assert caches["dentry"].live == 0
    assert caches["kmalloc-64"].frag == 4
    pages = page(trace)
    assert (pages.failed, pages.failed_pages, pages.total.hit, pages.total.allocated) == (
        1,
        512,
        1,
        4,
    )
    assert percpu(trace).failed == 1


def test_a_page_vector_frees_by_itself_only_in_the_oldest_kernels() -> None:
    alloc = "a-1 [000] 1.000000: mm_page_alloc: page=aa pfn=7 order=0 migratetype=1 gfp_flags=GFP\n"
    vector = "a-1 [000] 1.000001: mm_pagevec_free: page=aa pfn=7 order=0 cold=0\n"
    direct = "a-1 [000] 1.000002: mm_page_free_direct: page=aa pfn=7 order=0\n"
    old, later = (
        page(read((alloc + vector).encode())),
        page(read((alloc + vector + direct).encode())),
    )
    for section in (old, later):
        assert (section.free_requests, section.frees_alone, section.total.live) == (1, 0, 0)


def test_rows_are_sorted_and_cut_as_wanted() -> None:
    trace = read(LINES.encode())
    stat = compute(trace, Wanted(("slab",), ("caller",), sort=("frag",), lines=1))
    assert stat.page is None
    assert stat.slab is not None
    assert [row.key for row in stat.wanted.rows(stat.slab.groups["caller"])] == ["g+0x1/0x2"]
    live = compute(trace, Wanted(("slab",), ("caller",), live=True))
    assert live.slab is not None
    assert [row.key for row in live.wanted.rows(live.slab.groups["caller"])] == ["f+0x1/0x2"]
