"""Which start is taken for the true one, and at what price."""

from __future__ import annotations

from pathlib import Path

from tests.replay.memblock_text import allocated, played, request, reserve, told
from tracekit.replay.ledger import Ledger

TOP = 0x1000000

# Everything before the dump is known only from it.
ARM64 = """\
Linux version 6.1.0-50-arm64 (x@y) #1 SMP
Booting Linux on physical CPU 0x0000000000 [0x411fd070]
{early}MEMBLOCK configuration:
 memory size = 0x0000000000f00000 reserved size = 0x0000000000000000
 memory.cnt  = 0x1
 memory[0x0]\t[0x0000000000100000-0x0000000000ffffff], 0x0000000000f00000 bytes flags: 0x0
 reserved.cnt  = 0x{count:x}
{rows}"""
ROW = " reserved[0x{n:x}]\t[0x{start:016x}-0x{last:016x}], 0x{size:016x} bytes flags: 0x0\n"


def arm64(early: str, *taken: tuple[int, int]) -> str:
    rows = [
        ROW.format(n=n, start=start, last=end - 1, size=end - start)
        for n, (start, end) in enumerate(taken)
    ]
    return ARM64.format(early=early, count=len(taken), rows="".join(rows))


def codes(ledger: Ledger) -> list[str]:
    return [code for code, _ in told(ledger)]


def kinds(ledger: Ledger) -> list[str]:
    return [inference.kind for inference in ledger.inferences]


def test_what_only_the_dump_shows_is_inferred_and_listed(tmp_path: Path) -> None:
    early = allocated(TOP - 0x1000, 0x1000, 0x1000)
    ledger = played("", tmp_path, arm64(early, (0x200000, 0x300000), (TOP - 0x1000, TOP)))
    assert codes(ledger) == []
    assert kinds(ledger) == ["ram-from-dump", "early-reservation"]
    lines = (tmp_path / "dmesg.log").read_text().splitlines()
    rows = [lines[inference.line.line - 1].split("]")[0] for inference in ledger.inferences]
    assert rows == [" memory[0x0", " reserved[0x0"]
    assert (ledger.checks["first_dump"].matched, ledger.checks["first_dump"].inferred) == (1, 2)


def test_an_early_reservation_decides_earlier_results(tmp_path: Path) -> None:
    early = allocated(TOP - 0x3000, 0x1000, 0x1000)
    ledger = played("", tmp_path, arm64(early, (TOP - 0x3000, TOP)))
    assert codes(ledger) == []
    assert ledger.checks["address"].matched == 1


def test_a_result_moved_before_the_dump_is_no_early_reservation(tmp_path: Path) -> None:
    early = "".join(allocated(TOP - 0x1000 * n, 0x1000, 0x1000) for n in (1, 2, 4, 4, 5, 6))
    ledger = played("", tmp_path, arm64(early, (0x200000, 0x300000), (TOP - 0x6000, TOP)))
    assert codes(ledger) == ["MB101"]
    assert [d.line.line for d in ledger.divergences] == [8]
    assert kinds(ledger).count("early-reservation") == 1


def test_a_row_that_ends_too_high_is_no_early_reservation(tmp_path: Path) -> None:
    early = reserve(0x400000, 0x1000, "setup") + allocated(TOP - 0x1000, 0x1000, 0x1000)
    taken = ((0x200000, 0x300000), (0x400000, 0x402000), (TOP - 0x1000, TOP))
    ledger = played("", tmp_path, arm64(early, *taken))
    assert codes(ledger) == ["MB106"]
    assert "0x400000-0x400fff" in ledger.divergences[0].simulated


def test_the_device_tree_may_lie_right_behind_another_range(tmp_path: Path) -> None:
    early = reserve(0x400000, 0x1000, "setup") + allocated(TOP - 0x1000, 0x1000, 0x1000)
    ledger = played("", tmp_path, arm64(early, (0x400000, 0x500000), (TOP - 0x1000, TOP)))
    assert codes(ledger) == []


def test_the_cache_line_is_found_where_requests_leave_it_open(tmp_path: Path) -> None:
    text, top = "", TOP
    for size in (40, 40, 72, 100, 8):
        top = (top - size) & ~127
        text += allocated(top, size, 0)
    ledger = played(text, tmp_path)
    assert codes(ledger) == []
    assert ledger.checks["address"].matched == 5


def test_a_limit_that_no_line_tells_of_is_assumed_once(tmp_path: Path) -> None:
    text = "".join(allocated(0x800000 - 0x1000 * n, 0x1000, 0x1000) for n in range(1, 9))
    ledger = played(text, tmp_path)
    assert codes(ledger) == []
    assert "current-limit" in kinds(ledger)
    assert ledger.inferences[0].subject == "0x800000"


def test_hotpluggable_ram_is_assumed_once(tmp_path: Path) -> None:
    early = "".join(allocated(0x800000 - 0x1000 * n, 0x1000, 0x1000) for n in range(1, 7))
    node = request(0x1000, 0x1000, nid=0) + reserve(TOP - 0x1000, 0x1000)
    ranges = "Early memory node ranges\n  node   0: [mem 0x0000000000100000-0x0000000000ffffff]\n"
    head = arm64("Kernel command line: movable_node\n" + early, (0x7FA000, 0x800000))
    ledger = played(node + ranges, tmp_path, head)
    assert codes(ledger) == []
    assert kinds(ledger) == ["hotplug-marked"]
    assert ledger.checks["address"].matched == 7


def test_old_upward_searches_begin_above_the_kernel(tmp_path: Path) -> None:
    head = """\
Linux version 4.19.0 (x@y) #1 SMP
CPU0 revision is: 00019300 (MIPS 24Kc)
memblock_reserve: [0x00100000-0x004b77c7] setup_arch+0x258/0x8e4
MEMBLOCK configuration:
 memory size = 0x08000000 reserved size = 0x003b77c8
 memory.cnt  = 0x1
 memory[0x0]\t[0x00000000-0x07ffffff], 0x08000000 bytes flags: 0x0
 reserved.cnt  = 0x1
 reserved[0x0]\t[0x00100000-0x004b77c7], 0x003b77c8 bytes flags: 0x0
"""
    text = "".join(allocated(0x4B77E0 + 0x20 * n, 32, 32) for n in range(6))
    ledger = played(text, tmp_path, head)
    assert codes(ledger) == []
    assert "kernel-end" in kinds(ledger)


def test_page_blocks_of_an_arm_board_show_in_its_cma_area(tmp_path: Path) -> None:
    # RAM ends at 12 MiB: a block of 4 MiB fits right below, one of 8 MiB does not.
    text = (
        "Linux version 6.1.0-50-armmp (x@y) #1 SMP\n"
        "CPU: ARMv7 Processor [412fc0f1] revision 1 (ARMv7), cr=10c5387d\n"
        "Memory policy: Data cache writealloc\n"
        "memblock_reserve: [0x40000000-0x407fffff] memblock_alloc_range_nid+0xd0/0x168\n"
        "cma: Reserved 8 MiB at 0x40000000\n"
        "MEMBLOCK configuration:\n"
        " memory size = 0x00c00000 reserved size = 0x00800000\n"
        " memory.cnt  = 0x1\n"
        " memory[0x0]\t[0x40000000-0x40bfffff], 0x00c00000 bytes flags: 0x0\n"
        " reserved.cnt  = 0x1\n"
        " reserved[0x0]\t[0x40000000-0x407fffff], 0x00800000 bytes flags: 0x0\n"
    )
    ledger = played(text, tmp_path, head="")
    assert codes(ledger) == []
    (inference,) = [i for i in ledger.inferences if i.kind == "orders"]
    assert inference.subject == "12 orders of free blocks"
