"""What the simulated page allocator saw, against counts made by hand from the raw trace."""

from __future__ import annotations

import lzma
import re
from collections import Counter
from functools import cache

import tracekit
from tests.boots import boot
from tracekit.observed.buddyinfo import parse_buddyinfo
from tracekit.replay.page_alloc.history import NO_LOG, NO_TRACE, PageHistory, page_history
from tracekit.replay.page_alloc.owners import UNLOGGED
from tracekit.replay.slub.slab_pages import LARGE, OLDER

NAME = "x86_61_256M_1cpu"


@cache
def history() -> PageHistory:
    found = page_history(tracekit.load(boot(NAME)), samples=3000)
    assert isinstance(found, PageHistory)
    return found


@cache
def raw() -> list[str]:
    text = lzma.decompress((boot(NAME) / "trace.txt.xz").read_bytes()).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def of(event: str) -> list[str]:
    return [line for line in raw() if f" {event}: " in line]


def test_every_fallback_of_the_trace_is_told_with_its_types() -> None:
    types = {"0": "Unmovable", "1": "Movable", "2": "Reclaimable"}
    wanted = Counter()
    for line in of("mm_page_alloc_extfrag"):
        fields = dict(re.findall(r"(\w+)=(\w+)", line))
        wanted[
            types[fields["alloc_migratetype"]],
            types[fields["fallback_migratetype"]],
            int(fields["fallback_order"]),
            bool(int(fields["fragmenting"])),
            bool(int(fields["change_ownership"])),
        ] += 1
    assert wanted
    assert wanted == Counter(
        (s.migratetype, s.donor_type, s.donor_order, s.fragmenting, s.claimed)
        for s in history().fallbacks
    )


def test_a_fallback_names_the_cache_that_asked() -> None:
    causes = [step.cause for step in history().fallbacks]
    assert "slab dentry" in causes


def test_per_cpu_lists_take_in_and_give_back_what_the_trace_shows() -> None:
    refills = sum(
        1 << int(re.search(r"order=(\d+)", line)[1])
        for line in of("mm_page_alloc_zone_locked")
        if "percpu_refill=1" in line
    )
    drained = sum(1 << int(re.search(r"order=(\d+)", line)[1]) for line in of("mm_page_pcpu_drain"))
    (row,) = history().traffic
    assert (row.cpu, row.refilled, row.drained) == (0, refills, drained)
    assert 0 < row.refills <= row.refilled
    assert 0 < row.drains <= row.drained


def test_the_zones_pass_through_the_counts_of_buddyinfo_at_the_snapshot() -> None:
    told = history()
    rows = parse_buddyinfo((boot(NAME) / "proc" / "buddyinfo").read_text())
    begin = next(i for i, line in enumerate(raw(), 13) if "snapshot begin" in line)
    for index, zone in enumerate(told.zones):
        row = next(r for r in rows if (r.nid, r.zone) == (zone.nid, zone.name))
        total = sum((count or 0) << order for order, count in enumerate(row.counts))
        near = [s.zones[index] for s in told.samples if s.line >= begin]
        near.append([s.zones[index] for s in told.samples if s.line < begin][-1])
        assert total in {sample.free for sample in near}
        assert {sample.largest for sample in near} == {10}


def test_samples_go_forward_and_begin_before_the_first_event() -> None:
    events = [sample.event for sample in history().samples]
    assert events[0] == 0
    assert events == sorted(set(events))
    assert history().reasons == []


def test_the_pages_never_freed_are_those_that_the_events_leave() -> None:
    live: dict[str, int] = {}
    for line in raw():
        found = re.search(r" (mm_page_alloc|mm_page_free): .*pfn=(\w+) order=(\d+)", line)
        if found and found[1] == "mm_page_alloc":
            live[found[2]] = 1 << int(found[3])
        elif found:
            live.pop(found[2], None)
    logged = [owner for owner in history().living if owner.name != UNLOGGED]
    assert sum(owner.pages for owner in logged) == sum(live.values())
    assert sum(owner.blocks for owner in logged) == len(live)


def test_slab_pages_are_named_by_cache_and_caller() -> None:
    owners = {owner.name: owner for owner in history().living}
    assert owners["slab dentry"].takers["__d_alloc"] == owners["slab dentry"].pages
    assert owners["slab task_struct"].pages == 8 * owners["slab task_struct"].blocks
    assert LARGE in owners


def test_slabs_live_from_the_event_that_took_the_pages_to_the_one_that_gave_them_back() -> None:
    slabs = history().slabs
    assert isinstance(slabs, list)
    for slab in slabs:
        assert slab.freed is None or slab.freed > slab.made
    gone = next(slab for slab in slabs if slab.made > OLDER and slab.freed is not None)
    assert gone.freed is not None
    assert not gone.lives_before(gone.made)
    assert gone.lives_before(gone.made + 1)
    assert gone.lives_before(gone.freed)
    assert not gone.lives_before(gone.freed + 1)


def test_a_trace_alone_and_a_log_alone_say_why_there_is_no_history() -> None:
    assert page_history(tracekit.load(boot(NAME) / "trace.txt.xz")) == NO_LOG
    assert page_history(tracekit.load(boot(NAME) / "dmesg.log")) == NO_TRACE
