"""The memory of each allocator, phase by phase, against counts made by hand from the raw text."""

from __future__ import annotations

import lzma
import re
from functools import cache

import pytest

import tracekit
from tests.boots import boot
from tracekit.replay.phase_places import find_places
from tracekit.replay.phases import Phase, phases

NAME = "x86_61_256M_1cpu"
KIB = 1024


@cache
def story(name: str = NAME) -> dict[str, Phase]:
    return {phase.name: phase for phase in phases(tracekit.load(boot(name)))}


def test_the_phases_come_in_the_order_of_start_up() -> None:
    assert list(story()) == [
        "memblock start",
        "percpu up",
        "hand-off",
        "slab up",
        "first event",
        "initcalls",
        "initrd freed",
        "init memory freed",
        "userland",
        "snapshot",
        "end of the trace",
    ]


def test_what_is_kept_back_in_use_listed_and_free_is_all_of_ram() -> None:
    whole = [phase for phase in story().values() if not phase.reason]
    assert len(whole) == 9
    for phase in whole:
        parts = (phase.reserved, phase.in_use, phase.listed, phase.free)
        assert sum(part for part in parts if part is not None) == phase.ram
        assert min(part for part in parts if part is not None) >= 0


def test_the_hand_off_agrees_with_the_memory_line() -> None:
    text = (boot(NAME) / "dmesg.log").read_text()
    line = re.search(r"Memory: (\d+)K/(\d+)K available .* (\d+)K reserved", text)
    assert line is not None
    phase = story()["hand-off"]
    assert (phase.ram, phase.reserved) == (int(line[2]) * KIB, int(line[3]) * KIB)


def test_each_line_that_frees_memory_lowers_what_is_kept_back_by_its_size() -> None:
    found = story()
    text = (boot(NAME) / "dmesg.log").read_text()
    freed = [int(kib) for kib in re.findall(r"Freeing .* memory: (\d+)K", text)]
    alternatives, initrd, decrypted, initmem, *gaps = freed
    before = found["first event"].reserved
    assert before is not None
    kept = [found[name].reserved for name in list(found)[5:9]]
    steps = [alternatives, initrd, decrypted + initmem, sum(gaps)]
    assert kept == [before - sum(steps[: i + 1]) * KIB for i in range(4)]


def test_the_snapshot_keeps_back_what_zoneinfo_does_not_manage() -> None:
    zones = (boot(NAME) / "proc" / "zoneinfo").read_text()
    managed = sum(int(n) for n in re.findall(r"managed\s+(\d+)", zones))
    phase = story()["snapshot"]
    assert phase.ram is not None
    assert phase.reserved == phase.ram - managed * 4096


def test_slab_never_exceeds_what_meminfo_counts() -> None:
    meminfo = (boot(NAME) / "proc" / "meminfo").read_text()
    slab = re.search(r"^Slab:\s+(\d+) kB", meminfo, re.MULTILINE)
    shown = story()["snapshot"].slab
    assert slab is not None
    assert shown is not None
    assert 0.9 * int(slab[1]) * KIB < shown <= int(slab[1]) * KIB


def test_percpu_and_its_first_chunk_are_what_meminfo_counts() -> None:
    meminfo = (boot(NAME) / "proc" / "meminfo").read_text()
    log = (boot(NAME) / "dmesg.log").read_text()
    percpu = re.search(r"^Percpu:\s+(\d+) kB", meminfo, re.MULTILINE)
    sizes = re.search(r"pcpu-alloc: s(\d+) r(\d+) d(\d+)", log)
    held = story()["snapshot"].percpu
    assert percpu is not None
    assert sizes is not None
    assert held is not None
    first = sum(map(int, sizes.groups()))
    assert held + first == int(percpu[1]) * KIB


def test_initcalls_begin_behind_the_first_event_of_devtmpfs_thread() -> None:
    trace = lzma.decompress((boot(NAME) / "trace.txt.xz").read_bytes()).decode().splitlines()
    events = [line for line in trace if not line.startswith("#")]
    first = next(i for i, line in enumerate(events) if "kdevtmpfs-" in line)
    places = find_places(tracekit.load(boot(NAME)))
    place = next(place for place in places if place.name == "initcalls")
    assert place.event == first + 1


def test_a_log_alone_tells_the_story_up_to_the_hand_off() -> None:
    found = phases(tracekit.load(boot(NAME) / "dmesg.log"))
    known = [phase.name for phase in found if phase.free is not None]
    assert known == ["percpu up", "hand-off"]
    assert all(phase.reason for phase in found if phase.free is None)


@pytest.mark.parametrize("name", ["x86_612_256M_1cpu", "x86_61_numa2_512M_2cpu"])
def test_other_boots_add_up_as_well(name: str) -> None:
    found = story(name)
    last = found["snapshot"]
    zones = (boot(name) / "proc" / "zoneinfo").read_text()
    managed = sum(int(n) for n in re.findall(r"managed\s+(\d+)", zones))
    assert last.ram is not None
    assert last.reserved == last.ram - managed * 4096
