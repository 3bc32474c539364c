"""Managed pages of /proc/zoneinfo against the hand-off and what came back later."""

from __future__ import annotations

import shutil
from pathlib import Path

import tracekit
from tests.boots import boot
from tracekit.mm.handoff import Handoff
from tracekit.replay.boot import Replay, replay
from tracekit.replay.mm_init.memory_line import gigantic_pages

NAME = "arm64-6.12-virt-numa2"


def copied(folder: Path, change: int, name: str = NAME) -> Replay:
    source = boot(name)
    (folder / "proc").mkdir()
    shutil.copy(source / "dmesg.log", folder)
    text = (source / "proc" / "zoneinfo").read_text()
    line = next(t for t in text.splitlines() if "managed" in t)
    pages = int(line.split()[1])
    new = line.replace(str(pages), str(pages + change))
    (folder / "proc" / "zoneinfo").write_text(text.replace(line, new, 1))
    return replay(tracekit.load(folder), stages=("memblock", "mm_init"))


def test_every_zone_agrees(tmp_path: Path) -> None:
    checks = copied(tmp_path, 0).context.ledger("mm_init").checks["buddy_handoff"]
    assert (checks.matched, checks.checked) == (3, 3)


def test_pages_from_nowhere_are_found_at_the_zone_s_line(tmp_path: Path) -> None:
    found = copied(tmp_path, 7)
    assert [(d.code, Path(d.line.file).name) for d in found.loud] == [("MI307", "zoneinfo")]


def test_zero_pages_of_the_architecture_are_kept_for_ever(tmp_path: Path) -> None:
    found = copied(tmp_path, 0, "s390x-6.12-ccw")
    assert found.loud == []
    assert found.context.ledger("mm_init").checks["buddy_handoff"].matched == 2


LATE = "[    1.000000] __memblock_free_late: [0x{:016x}-0x{:016x}] some_init+0x1/0x2\n"


def freed_late(folder: Path, *, before: bool) -> Replay:
    """Return the replay of a boot with deferred pages in which 16 of them are freed by a line."""
    found = copied(folder, 0, "x86_61_uefi_q35_1G")
    handoff = found.context.take(Handoff)
    assert handoff is not None
    start = (handoff.first_deferred_pfn[0] + 16) << 12
    log = folder / "dmesg.log"
    lines = log.read_text().splitlines(keepends=True)
    done = next(n for n, line in enumerate(lines) if "deferred pages initialised" in line)
    lines.insert(done if before else done + 1, LATE.format(start, start + (16 << 12) - 1))
    log.write_text("".join(lines))
    return replay(tracekit.load(folder), stages=("memblock", "mm_init"))


def test_a_late_free_before_the_deferred_pages_exist_is_lost(tmp_path: Path) -> None:
    found = freed_late(tmp_path, before=True)
    (note,) = [d for d in found.divergences if d.code == "MI308"]
    assert "16 pages (64 KiB) are given to nobody" in note.simulated
    assert found.loud == []


def test_a_late_free_after_it_counts(tmp_path: Path) -> None:
    found = freed_late(tmp_path, before=False)
    assert not [d for d in found.divergences if d.code == "MI308"]
    assert [d.code for d in found.loud] == ["MI307"]


def test_zones_of_old_kernels_do_not_count_what_came_back(tmp_path: Path) -> None:
    assert copied(tmp_path, 0, "arm_3.10.25_versatilepb_256M").loud == []


def test_a_gigantic_page_that_found_no_room_is_not_counted(tmp_path: Path) -> None:
    text = (
        "memblock_alloc_try_nid_raw: 1073741824 bytes align=0x40000000 nid=0 "
        "from=0x0000000000000000 max_addr=0x0000000000000000 alloc_bootmem+0xe8/0x1c4\n"
        "HugeTLB: allocating 1 of page size 1.00 GiB failed.  Only allocated 0 hugepages.\n"
        "memblock_reserve: [0x0000000001000000-0x000000000100003f] other+0x1/0x2\n"
    )
    log = tmp_path / "dmesg.log"
    log.write_text(text)
    assert list(gigantic_pages(tracekit.load(log))) == []
    log.write_text(text.replace("0x000000000100003f", "0x0000000040ffffff"))
    assert list(gigantic_pages(tracekit.load(log))) == [(0x1000000, 1 << 30)]
