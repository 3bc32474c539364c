"""The remap allocator's replay: captured boots, changed numbers, lost lines, older wordings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tracekit
from tests.boots import boot_folders
from tracekit.replay.boot import Replay, replay

NEAR = 3
WORDS = re.compile(
    r"Reserving \d+ pages of KVA|remove_active_range|Reserving total of \w+ pages for numa"
    r"|kva_start_pfn|node \d+ will remap|allocate_pgdat|remap_numa_kva: \w+ to|remap_alloc: node"
)
NUMBER = re.compile(r"(?<!\w)(?:0x)?([0-9a-f]*\d[0-9a-f]*)(?!\w)")
LOGS = [
    folder / "dmesg.log"
    for folder in boot_folders()
    if WORDS.search((folder / "dmesg.log").read_text(errors="replace"))
]

# A log that comes this far is not cut before the hand-off, where nothing more would be decided.
END = "\nSLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1\n"


def played(text: str, path: Path) -> Replay:
    path.write_text(text if "SLUB: " in text else text.rstrip("\n") + END)
    return replay(tracekit.load(path))


def own(found: Replay) -> list[tuple[str, int]]:
    return [(d.code, d.line.line) for d in found.loud if d.allocator == "numa_32"]


def test_there_are_boots_to_test_on() -> None:
    assert len(LOGS) >= 3


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_everything_is_predicted(log: Path) -> None:
    ledger = replay(tracekit.load(log)).context.ledgers["numa_32"]
    checks = ledger.checks["remap"]
    # Only the size of pg_data_t, which no line prints, is learned from the first line to show it.
    assert checks.matched == checks.events - 1
    assert checks.inferred == 1
    assert [d for d in ledger.divergences if d.severity != "note"] == []


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.parent.name)
def test_a_changed_number_is_found_once_at_its_line(log: Path, tmp_path: Path) -> None:
    lines = log.read_text(errors="replace").splitlines()
    for at in [i for i, line in enumerate(lines) if WORDS.search(line)][::3]:
        text = re.sub(r"^\[.*?\] ", "", lines[at])
        last = [match for match in NUMBER.finditer(text) if len(match[1]) > 2][-1]
        value = int(last[1], 16) + (0x200 if int(last[1], 16) % 0x200 == 0 else 0x10)
        changed = f"{text[: last.start(1)]}{value:0{len(last[1])}x}{text[last.end(1) :]}"
        found = played("\n".join([*lines[:at], changed, *lines[at + 1 :]]), tmp_path / "dmesg.log")
        assert [abs(line - at - 1) <= NEAR for _, line in own(found)] == [True], changed


def test_a_lost_large_page_is_found(tmp_path: Path) -> None:
    log = next(log for log in LOGS if "remap_numa_kva:" in log.read_text(errors="replace"))
    lines = log.read_text(errors="replace").splitlines()
    pages = [i for i, line in enumerate(lines) if re.search("remap_numa_kva: .* to pfn", line)]
    for at in pages[1], pages[-1]:
        found = played("\n".join(lines[:at] + lines[at + 1 :]), tmp_path / "dmesg.log")
        assert len(own(found)) == 1
        assert abs(own(found)[0][1] - at) <= NEAR


def test_without_debug_messages_nothing_is_missing(tmp_path: Path) -> None:
    log = next(log for log in LOGS if "remap_numa_kva:" in log.read_text(errors="replace"))
    debug = r"pfn: \[|lmem_map|remove_active|will remap|allocate_pgdat|remap_numa_kva"
    lines = [x for x in log.read_text(errors="replace").splitlines() if not re.search(debug, x)]
    found = played("\n".join(lines), tmp_path / "dmesg.log")
    assert own(found) == []


E820 = """\
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000000000 - 000000000009f000 (usable)
 BIOS-e820: 0000000000100000 - 0000000140000000 (usable)
"""

LINUX_2_6_24 = f"""\
Linux version 2.6.24 (x@y) #1 SMP
{E820}\
chunk 0 nid 0 start_pfn 00000000 end_pfn 000a0000
chunk 1 nid 1 start_pfn 000a0000 end_pfn 00140000
Node: 0, start_pfn: 0, end_pfn: 655360
Node: 1, start_pfn: 655360, end_pfn: 1310720
Reserving 5632 pages of KVA for lmem_map of node 0
Shrinking node 0 from 655360 pages to 649728 pages
Reserving 5632 pages of KVA for lmem_map of node 1
Shrinking node 1 from 1310720 pages to 1305088 pages
Reserving total of 11264 pages for numa KVA remap
kva_start_pfn ~ 218112 find_max_low_pfn() ~ 229376
max_pfn = 1310720
min_low_pfn = 1945, max_low_pfn = 229376, highstart_pfn = 229376
Low memory ends at vaddr f8000000
node 0 will remap to vaddr f5400000 - f9600000
node 1 will remap to vaddr f6a00000 - fac00000
"""

LINUX_2_6_11 = f"""\
Linux version 2.6.11 (x@y) #1 SMP
{E820}\
chunk 0 nid 0 start_pfn 00000000 end_pfn 000a0000
chunk 1 nid 1 start_pfn 000a0000 end_pfn 00140000
Node: 0, start_pfn: 0, end_pfn: 655360
Node: 1, start_pfn: 655360, end_pfn: 1310720
Reserving 5632 pages of KVA for lmem_map of node 1
Shrinking node 1 from 1310720 pages to 1305088 pages
Reserving total of 5632 pages for numa KVA remap
reserve_pages = 5632 find_max_low_pfn() ~ 229376
max_pfn = 1310720
min_low_pfn = 1945, max_low_pfn = 223744, highstart_pfn = 223744
Low memory ends at vaddr f6a00000
node 1 will remap to vaddr f6a00000 - f8000000
High memory starts at vaddr f6a00000
"""


@pytest.mark.parametrize("text", [LINUX_2_6_24, LINUX_2_6_11], ids=["2.6.24", "2.6.11"])
def test_older_wordings_agree(text: str, tmp_path: Path) -> None:
    found = played(text, tmp_path / "dmesg.log")
    assert own(found) == []
    checks = found.context.ledgers["numa_32"].checks["remap"]
    assert checks.unchecked.total() == 0
    assert checks.matched >= checks.events - 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (
            "Reserving 5632 pages of KVA for lmem_map of node 1",
            "Reserving 9728 pages of KVA for lmem_map of node 1",
            "NR101",
        ),
        ("to 1305088 pages", "to 1305087 pages", "NR103"),
        ("total of 11264", "total of 11265", "NR104"),
        ("kva_start_pfn ~ 218112", "kva_start_pfn ~ 218113", "NR105"),
        ("vaddr f6a00000 - fac00000", "vaddr f6c00000 - fac00000", "NR106"),
    ],
)
def test_a_fault_in_an_older_wording(old: str, new: str, code: str, tmp_path: Path) -> None:
    found = played(LINUX_2_6_24.replace(old, new), tmp_path / "dmesg.log")
    assert [c for c, _ in own(found)] == [code]


def test_an_initrd_moves_the_area_of_2_6_24_down(tmp_path: Path) -> None:
    text = LINUX_2_6_24.replace("kva_start_pfn ~ 218112", "kva_start_pfn ~ 217600")
    text = text.replace("vaddr f5400000", "vaddr f5200000").replace("f6a00000", "f6800000")
    found = played(text, tmp_path / "dmesg.log")
    assert own(found) == []
    assert [i.kind for i in found.context.ledgers["numa_32"].inferences] == ["initrd"]


def test_a_node_above_lowmem_gets_a_note(tmp_path: Path) -> None:
    found = played(LINUX_2_6_24, tmp_path / "dmesg.log")
    notes = [d for d in found.divergences if d.code == "NR130"]
    assert [note.subject for note in notes] == ["node 1"]
    assert "[655360-1305088)" in notes[0].logged
