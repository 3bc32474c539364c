"""Single lines: what is prefix and what is message."""

from __future__ import annotations

import time

import pytest

from tracekit.capture.prefixes import Messages, strip


def parts(*lines: str) -> list[tuple[float | None, str, bool]]:
    messages, _ = strip(lines, range(1, len(lines) + 1))
    return list(zip(messages.times, messages.texts, messages.stamped, strict=True))


@pytest.mark.parametrize(
    ("line", "time", "text"),
    [
        ("[    0.000000]  DMA zone: 64 pages", 0.0, " DMA zone: 64 pages"),
        ("[    0.000000]", 0.0, ""),
        ("[12345.678901] x", 12345.678901, "x"),
        ("[ 0.000197] .text", 0.000197, ".text"),
        ("[0.087630] kmemleak", 0.08763, "kmemleak"),
        ("<4> BIOS-e820: 0 - 1 (usable)", None, " BIOS-e820: 0 - 1 (usable)"),
        ("Jan 20 10:17:44 box kernel: [      T0] x", None, "x"),
        ("<6>[    0.000000]  [0:      swapper:    0] x", 0.0, "x"),
        ("[    0.000000]  (0)[0:swapper/0]x", 0.0, "x"),
        ("[    0.000000] c0 x", 0.0, "x"),
        ("[    0.000000 / 01-01 00:00:00.000] x", 0.0, "x"),
        ("[2023-01-13 04:30:53.123] [    0.008092] x", 0.008092, "x"),
        ("01-01 00:00:12.345  root     0     0 I memblock_add: [0x0", None, "memblock_add: [0x0"),
        ("> >> [    0.000000]  x", 0.0, " x"),
        ("6,1,5,-,caller=T0;a\\x09b", 0.000005, "a\tb"),
    ],
)
def test_one_line(line: str, time: float | None, text: str) -> None:
    assert parts(line) == [(time, text, True)]


@pytest.mark.parametrize(
    "line",
    [
        "Linux version 6.1",
        "[drm] Initialized",
        "[    2.0] not printk's",
        "[mem 0x0-0x1]",
        "kernel: x",
        "2026-11-22T09:27:39 UTC",
        "",
        " indented",
        "\\x41 stays",
        "memory[0x0]#011[x",
    ],
)
def test_what_has_no_prefix_stays_whole(line: str) -> None:
    assert parts("an ordinary line", "and another one", line)[2] == (None, line, False)


def test_host_and_process_columns_count_only_where_most_lines_have_them() -> None:
    odd = "[    1.000000] box kernel: x"
    assert parts("[    0.000000] a", "[    0.000000] b", odd)[2] == (1.0, "box kernel: x", True)
    assert parts(odd, "[    2.000000] box kernel: y")[1] == (2.0, "y", True)
    bracket = "[    0.000000] [1: foo] x"
    assert parts("[    0.000000] a", "[    0.000000] b", bracket)[2][1] == "[1: foo] x"


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("box login: [   12.345678] eth0: up", [(None, "box login:"), (12.345678, "eth0: up")]),
        ("[    0.000000] a[    0.100000] b", [(0.0, "a"), (0.1, "b")]),
        ("[    0.000000] a<6>[    0.100000][    T1] b", [(0.0, "a"), (0.1, "b")]),
        ("[    0.000000] pci 0000:00: [8086:1237] x.", [(0.0, "pci 0000:00: [8086:1237] x.")]),
        ("[   82.991] usb[ 1.5] x", [(None, "[   82.991] usb[ 1.5] x")]),
    ],
)
def test_lost_newlines(line: str, texts: list[tuple[float | None, str]]) -> None:
    assert [(time, text) for time, text, _ in parts(line)] == texts


def test_one_line_of_very_many_messages() -> None:
    assert len(parts("[    0.000000] x" * 20_000)) == 20_000


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("[    0.000000] x", "dmesg"),
        ("[    0.000000][    T0] x", "caller ids"),
        ("<6>[    0.000000] x", "dmesg -r"),
        ("x", "no prefix"),
        ("Jan 20 10:17:44 box kernel: [    0.000000] x", "syslog"),
    ],
)
def test_name(line: str, name: str) -> None:
    assert strip([line] * 3, range(3))[1] == name


def test_columns_stay_of_one_length() -> None:
    messages = Messages()
    for number in range(4):
        messages.add(number, None, str(number), False, 1)
    messages.keep([True, False, True, False])
    assert (messages.numbers, messages.texts) == ([0, 2], ["0", "2"])
    assert len(messages.times) == len(messages.stamped) == len(messages.widths) == 2


def test_a_plain_log_takes_microseconds_a_line() -> None:
    lines = [
        f"[    0.000000] memblock_reserve: [0x{n:016x}-0x{n:016x}] f+0x1/0x2" for n in range(20_000)
    ]
    start = time.process_time()
    strip(lines, range(20_000))
    assert time.process_time() - start < 0.5
