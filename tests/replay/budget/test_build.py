"""Budgets of captured boots: they add up to the byte, and to the kernel's own count."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests.boots import boot, boot_folders
from tests.replay.mm_init_text import PLAIN, played
from tracekit.mm.ranges import total, union
from tracekit.replay.boot import replay
from tracekit.replay.budget.build import build_budget
from tracekit.replay.budget.fine import BOOTMEM, ODD
from tracekit.replay.budget.tree import Budget, Item
from tracekit.replay.memblock.moments import Moments

FOLDERS = boot_folders()


def budget_of(path: Path) -> tuple[Budget, Moments | None]:
    context = replay(tracekit.load(path), stages=("memblock", "mm_init")).context
    budget = build_budget(context)
    assert budget is not None
    return budget, context.take(Moments)


def find(item: Item, name: str) -> Item:
    return next(found for _, found in item.walk() if found.name == name)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_adds_up_to_the_byte(folder: Path) -> None:
    budget, moments = budget_of(folder / "dmesg.log")
    assert budget.remainder in (0, None)
    assert sum(leaf.bytes for leaf in budget.root.leaves()) == budget.root.bytes
    assert all(leaf.bytes >= 0 for leaf in budget.root.leaves())
    if budget.detail == "memblock":
        assert moments is not None
        assert moments.handoff is not None
        memory = total(union((r.base, r.end) for r in moments.handoff.memory))
        assert find(budget.root, "RAM of the kernel").bytes == memory == budget.ram


def test_every_reservation_has_an_owner_and_a_line() -> None:
    budget, _ = budget_of(boot("x86_61_numa2_512M_2cpu") / "dmesg.log")
    log = find(budget.root, "log buffer")
    assert {item.owner for item in log.below} == {"setup_log_buf"}
    assert all(item.source is not None for item in log.below)
    kernel = find(budget.root, "kernel image")
    assert find(kernel, "kernel text").bytes == 14343 * 1024
    nodes = {item.nid for item in find(budget.root, "memory map").below}
    assert nodes == {0, 1}


def test_nomap_memory_is_neither_reserved_nor_free() -> None:
    budget, _ = budget_of(boot("arm64-6.1-virt-rsvmem") / "dmesg.log")
    assert find(budget.root, "RAM that is kept unmapped (nomap)").bytes % (1 << 20) == 0


def test_an_ordinary_log_gives_the_coarse_tree(tmp_path: Path) -> None:
    budget = build_budget(played(PLAIN, tmp_path).context)
    assert budget is not None
    assert budget.detail == "coarse"
    assert budget.root.bytes == 523768 * 1024
    assert find(budget.root, "free at the hand-off").bytes == (523768 - 70688) * 1024
    assert find(budget.root, "initrd").bytes == 0xFC000
    assert find(budget.root, "percpu first chunk").bytes == 2 * 253952
    # Four sections of 128 MiB hold RAM; the kernel no longer prints what their maps take.
    assert find(budget.root, "memory map, reckoned at 64 bytes a page").bytes == 8 << 20
    assert [item.name for item in budget.returned] == ["initrd"]
    assert budget.folded


def test_old_wordings_count_holes_apart(tmp_path: Path) -> None:
    line = (
        "Memory: 504708k/524160k available (4365k kernel code, 452k absent, 19000k reserved, "
        "4576k data, 608k init)\n"
    )
    budget = build_budget(played("Linux version 2.6.38.2 (x@y) #1 SMP\n" + line, tmp_path).context)
    assert budget is not None
    assert budget.root.bytes == (524160 - 452) * 1024
    assert budget.free == 504708 * 1024


def test_without_a_memory_line_the_maps_are_all(tmp_path: Path) -> None:
    text = "\n".join(line for line in PLAIN.splitlines() if not line.startswith("Memory:"))
    text = text.replace("17356K bss, 70688K reserved, 0K cma-reserved)", "")
    budget = build_budget(played(text, tmp_path).context)
    assert budget is not None
    assert [item.name for item in budget.root.below] == ["RAM of node 0"]
    e820 = "\n".join(line for line in text.splitlines() if "node   0" not in line)
    budget = build_budget(played(e820, tmp_path).context)
    assert budget is not None
    assert budget.root.below[0].name == "firmware: usable"


def test_a_log_without_sizes_has_no_budget(tmp_path: Path) -> None:
    assert build_budget(played("Linux version 6.1.0 (x@y) #1 SMP\n", tmp_path).context) is None


def test_what_bootmem_took_has_a_line_of_its_own() -> None:
    budget, _ = budget_of(boot("arm_3.10.25_versatilepb_256M") / "dmesg.log")
    assert find(budget.root, BOOTMEM).bytes % 4096 == 0
    assert find(budget.root, ODD).bytes == 11636
    assert (budget.free, budget.remainder) == (252936 << 10, 0)
