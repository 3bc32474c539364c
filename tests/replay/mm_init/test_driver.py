"""Zones to the Memory: line on captured boots: everything predicted, faults found once."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

import tracekit
from tests.boots import boot_folders
from tests.replay.mm_init_faults import KINDS, inject
from tests.replay.mm_init_text import PLAIN, changed, codes, played
from tracekit.mm.handoff import Handoff
from tracekit.replay.boot import Replay, replay

FOLDERS = boot_folders()
OWN = ("mm_init", "percpu")
STAGES = ("memblock", "mm_init")


def own(found: Replay) -> list[object]:
    return [d for d in found.loud if d.allocator in OWN]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_healthy_boot_is_predicted(folder: Path) -> None:
    found = replay(tracekit.load(folder / "dmesg.log"))
    assert own(found) == []
    for ledger in found.allocators:
        for kind, checks in ledger.checks.items() if ledger.name == "mm_init" else ():
            assert (checks.diverged, checks.inferred) in ((0, 0), (0, 1)), kind


def test_zones_and_tables_are_checked_on_nearly_every_boot() -> None:
    counts: Counter[str] = Counter()
    for folder in FOLDERS:
        found = replay(tracekit.load(folder / "dmesg.log"), stages=STAGES)
        for ledger in found.allocators:
            for kind, checks in ledger.checks.items():
                counts[f"{kind} checked"] += checks.checked
                counts[f"{kind} matched"] += checks.matched
    for kind in ("zone", "present_pages", "memmap", "hash_table", "memory_line", "buddy_handoff"):
        assert counts[f"{kind} checked"] > len(FOLDERS) // 2
        assert counts[f"{kind} matched"] >= 0.98 * counts[f"{kind} checked"], kind


@pytest.mark.parametrize(
    "folder",
    [f for f in FOLDERS if (f / "truth_handoff.json").exists()],
    ids=lambda folder: folder.name,
)
def test_the_free_lists_are_those_of_the_memory_dump(folder: Path) -> None:
    boot = tracekit.load(folder / "dmesg.log")
    found = replay(boot, stages=(*STAGES, "page_alloc"), wanted=("handoff",))
    lists = found.context.ledger("page_alloc").state
    for node in json.loads((folder / "truth_handoff.json").read_text())["nodes"]:
        for zone in (zone for zone in node["zones"] if zone["present"]):
            expected = {
                str(area["order"]): {mt: pfns for mt, pfns in area["free_list"].items() if pfns}
                for area in zone["free_area"]
                if any(area["free_list"].values())
            }
            assert lists[str(node["nid"])][zone["name"]] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_number_is_found_at_its_line(kind: str, tmp_path: Path) -> None:
    rng, counts = random.Random(11), Counter[str]()
    for folder in FOLDERS[::4]:
        lines = (folder / "dmesg.log").read_text(errors="replace").split("\n")
        injected = inject(kind, lines, rng)
        if injected is None:
            continue
        loud = [d.line.line for d in own(played("\n".join(injected.lines), tmp_path))]  # type: ignore[attr-defined]
        counts["all"] += 1
        counts["found"] += any(abs(line - injected.line) <= 3 for line in loud)
        counts["once"] += len(loud) == 1
    assert counts["found"] >= 0.95 * counts["all"] > 0
    assert counts["once"] >= 0.9 * counts["all"]


def test_an_ordinary_log_agrees(tmp_path: Path) -> None:
    found = played(PLAIN, tmp_path)
    assert codes(found) == []
    checks = next(ledger for ledger in found.allocators if ledger.name == "mm_init").checks
    assert checks["zone"].matched == 5
    assert checks["hash_table"].matched == 7
    assert checks["memory_line"].unchecked["what memblock handed over is not known"] == 2


def test_the_free_lists_need_memblock(tmp_path: Path) -> None:
    assert played(PLAIN, tmp_path).context.take(Handoff) is None


def test_a_wrong_zone_line_does_not_spoil_later_ones(tmp_path: Path) -> None:
    text, line = changed("0000001000000-0x000000001ffdffff]\n  Normal",
                         "0000001001000-0x000000001ffdffff]\n  Normal")  # fmt: skip
    assert codes(played(text, tmp_path)) == [("MI101", line)]
