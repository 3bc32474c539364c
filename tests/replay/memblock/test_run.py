"""Predicting, and going on after log and rules part ways."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tests.replay.memblock_text import HEAD, allocated, free, played, request, reserve, told
from tracekit.mm.memblock import Memblock
from tracekit.replay.boot import replay

TOP = 0x1000000


def stack(*sizes: int, top: int = TOP) -> str:
    text = ""
    for size in sizes:
        top = (top - size) & ~63
        text += allocated(top, size)
    return text


def test_a_healthy_log_matches_in_all(tmp_path: Path) -> None:
    ledger = played(stack(100, 4096, 24, 300), tmp_path)
    assert told(ledger) == []
    assert ledger.checks["address"].matched == 4


def test_a_moved_result_is_told_once_whoever_is_right(tmp_path: Path) -> None:
    moved = allocated(TOP - 0x2000, 4096)
    line_is_wrong = moved + stack(64, 64, top=TOP - 0x1000)
    line_is_right = moved + allocated(TOP - 64, 64) + allocated(TOP - 128, 64)
    for text in (line_is_wrong, line_is_right):
        ledger = played(text, tmp_path)
        assert told(ledger) == [("MB101", 2)]
        assert ledger.checks["address"].matched == 2


def test_a_grown_result_is_told_at_its_line(tmp_path: Path) -> None:
    text = stack(4096) + request(4096) + reserve(TOP - 0x2000, 4160) + stack(64, top=TOP - 0x2000)
    assert told(played(text, tmp_path)) == [("MB103", 4)]


def test_a_lost_result_is_told_at_the_request(tmp_path: Path) -> None:
    text = stack(4096) + request(4096) + stack(64, 64, top=TOP - 0x2000)
    assert told(played(text, tmp_path)) == [("MB102", 3)]


def test_a_request_that_cannot_be_met_needs_no_result(tmp_path: Path) -> None:
    ledger = played(request(0x2000000) + stack(64), tmp_path)
    assert told(ledger) == []
    assert told(ledger, notes=True) == [("MB210", 1)]
    assert ledger.checks["address"].matched == 2


def test_the_result_of_another_request_is_not_taken_for_this_one(tmp_path: Path) -> None:
    # The result of the first is lost; the next line belongs to an allocation without request.
    text = request(128) + reserve(TOP - 0x2000, 0x1000) + stack(64, top=TOP - 128)
    assert told(played(text, tmp_path)) == [("MB102", 1)]


def test_a_missing_free_is_told_where_the_memory_is_used_again(tmp_path: Path) -> None:
    text = stack(4096, 4096) + allocated(TOP - 64, 64) + allocated(TOP - 128, 64)
    ledger = played(text, tmp_path)
    assert told(ledger) == [("MB104", 6)]
    assert [
        source.line - ledger.divergences[0].line.line for source in ledger.divergences[0].related
    ] == [-4]


def test_a_free_that_is_logged_explains_the_same_results(tmp_path: Path) -> None:
    text = stack(4096, 4096) + free(TOP - 0x1000, 0x1000) + allocated(TOP - 64, 64)
    ledger = played(text, tmp_path)
    assert told(ledger) == []
    assert ledger.checks["free"].matched == 1


def test_a_free_of_what_nobody_reserved_is_a_note(tmp_path: Path) -> None:
    ledger = played(stack(4096) + free(0x800000, 0x1000), tmp_path)
    assert told(ledger) == []
    assert told(ledger, notes=True) == [("MB105", 3)]


def test_freeing_whole_pages_is_the_rule_for_the_initial_ram_disk(tmp_path: Path) -> None:
    text = reserve(0x800000, 0x1234, "setup_arch") + free(0x800000, 0x2000, "free_initrd_mem")
    assert told(played(text, tmp_path), notes=True) == []


def test_a_train_of_wrong_predictions_is_one_note(tmp_path: Path) -> None:
    text = "".join(allocated(0x800000 + 0x3000 * ((7 * n) % 13), 64) for n in range(12))
    ledger = played(text, tmp_path)
    assert told(ledger) == []
    assert [code for code, _ in told(ledger, notes=True)] == ["MB110"]
    assert ledger.checks["address"].unchecked.total() >= 4


DUMP = """\
MEMBLOCK configuration:
 memory size = 0x0000000000f00000 reserved size = 0x{total:016x}
 memory.cnt  = 0x1
 memory[0x0]\t[0x0000000000100000-0x0000000000ffffff], 0x0000000000f00000 bytes flags: 0x0
 reserved.cnt  = 0x2
 reserved[0x0]\t[0x0000000000200000-0x00000000003fffff], 0x0000000000200000 bytes flags: 0x0
 reserved[0x1]\t[0x{start:016x}-0x{end:016x}], 0x{size:016x} bytes flags: 0x0
"""


def dump(start: int, size: int) -> str:
    return DUMP.format(start=start, end=start + size - 1, size=size, total=0x200000 + size)


def test_a_dump_that_agrees(tmp_path: Path) -> None:
    ledger = played(stack(4096) + dump(TOP - 0x1000, 0x1000), tmp_path)
    assert told(ledger) == []
    assert ledger.checks["dump"].matched == 3


def test_a_row_that_is_too_long_is_told_once(tmp_path: Path) -> None:
    text = stack(4096) + dump(TOP - 0x2000, 0x2000) + stack(64, 64, top=TOP - 0x1000)
    assert told(played(text, tmp_path)) == [("MB106", 9)]


def test_a_row_that_is_missing_is_told_at_the_head(tmp_path: Path) -> None:
    rows = dump(TOP - 0x1000, 0x1000).splitlines(keepends=True)[:-1]
    text = stack(4096) + "".join(rows) + stack(64, top=TOP - 0x1000)
    assert told(played(text, tmp_path)) == [("MB107", 3)]


def test_a_row_that_contradicts_itself(tmp_path: Path) -> None:
    text = dump(TOP - 0x1000, 0x1000).replace(
        "0x0000000000001000 bytes", "0x0000000000003000 bytes"
    )
    assert told(played(stack(4096) + text, tmp_path))[0][0] == "MB106"


def test_a_missing_free_reaches_as_far_as_its_code_frees(tmp_path: Path) -> None:
    unit = allocated(0xE00000, 0x200000, 0x200000, "pcpu_fc_alloc")
    embedded = "percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u2097152\n"
    path = tmp_path / "dmesg.log"
    path.write_text(HEAD + unit + embedded + allocated(0xFC0000, 0x40000, 0x1000))
    context = replay(tracekit.load(path), stages=("memblock",)).context
    assert told(context.ledgers["memblock"]) == [("MB104", 5)]
    memblock = context.take(Memblock)
    assert memblock is not None
    assert [(r.base, r.end) for r in memblock.reserved][1:] == [
        (0xE00000, 0xE3E000),
        (0xFC0000, 0x1000000),
    ]


def test_an_unseen_reservation_that_displaces_all_later_results_is_told_once(
    tmp_path: Path,
) -> None:
    unseen = stack(100, 4096) + stack(*[64, 200, 4096, 24] * 4, top=TOP - 0x40000)
    ledger = played(unseen, tmp_path)
    assert told(ledger, notes=True) == [("MB101", 6)]
    assert ledger.checks["address"].matched == 17


def test_results_in_ram_that_no_line_added_are_told_once(tmp_path: Path) -> None:
    ledger = played(stack(100) + stack(*[64, 4096, 24] * 4, top=TOP + 0x100000), tmp_path)
    assert told(ledger, notes=True) == [("MB101", 4)]
    assert ledger.checks["address"].matched == 12
