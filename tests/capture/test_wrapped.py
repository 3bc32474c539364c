"""Which lines are joined again, and which are not."""

from __future__ import annotations

import pytest

from tracekit.capture.prefixes import strip
from tracekit.capture.wrapped import rejoin


def joined(text: str) -> list[str]:
    lines = text.splitlines()
    messages, _ = strip(lines, range(1, len(lines) + 1))
    rejoin(messages)
    return messages.texts


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "memblock_alloc_try_nid: 32 bytes align=0x20 nid=-1\nfrom=0x0 max_addr=0x0\nf+0x1/0x2",
            "memblock_alloc_try_nid: 32 bytes align=0x20 nid=-1 from=0x0 max_addr=0x0 f+0x1/0x2",
        ),
        (
            "memblock_reserve: [0x1-0x2]\nf.isra.13+0x1/0x2",
            "memblock_reserve: [0x1-0x2] f.isra.13+0x1/0x2",
        ),
        ("memblock_add:\n[0x1-0x2] f+0x1/0x2", "memblock_add: [0x1-0x2] f+0x1/0x2"),
        (
            "__memblock_reserve: [0x1-0x2] nid=-1 flags=20\nf+0x1/0x2",
            "__memblock_reserve: [0x1-0x2] nid=-1 flags=20 f+0x1/0x2",
        ),
        (
            " reserved[0x0]\t[0x1-0x2],\n0x2 bytes flags: 0x0",
            " reserved[0x0]\t[0x1-0x2], 0x2 bytes flags: 0x0",
        ),
        (
            " memory[0x0]\t[0x1-0x2], 0x2 bytes\non node 0 flags: 0x0",
            " memory[0x0]\t[0x1-0x2], 0x2 bytes on node 0 flags: 0x0",
        ),
        (
            " memory[0x0]\t[0x1-0x2], 0x2 bytes on node 0 flags:\n0x0",
            " memory[0x0]\t[0x1-0x2], 0x2 bytes on node 0 flags: 0x0",
        ),
        (" memory size = 0x10 reserved size =\n0x20", " memory size = 0x10 reserved size = 0x20"),
        (
            "crashkernel reserved: 0x1000 -\n0x2000 (512 MB)",
            "crashkernel reserved: 0x1000 - 0x2000 (512 MB)",
        ),
        (
            "Initmem setup node 0 [mem\n0x0000000000001000-0x2fff]",
            "Initmem setup node 0 [mem 0x0000000000001000-0x2fff]",
        ),
        ("  node   0: [mem 0x0000-\n0x2fff]", "  node   0: [mem 0x0000-0x2fff]"),
        (
            "efi:   0x1000-0x2fff [Boot Data\n |   |WB|  ]",
            "efi:   0x1000-0x2fff [Boot Data |   |WB|  ]",
        ),
        (
            "Memory: 1K/2K available (1K kernel code,\n1K rwdata, 1K reserved)",
            "Memory: 1K/2K available (1K kernel code, 1K rwdata, 1K reserved)",
        ),
    ],
)
def test_shapes_that_ask_for_more(text: str, whole: str) -> None:
    assert joined(text) == [whole]


@pytest.mark.parametrize(
    "text",
    [
        "memblock_reserve: [0x1-0x2] f+0x1/0x2\nfrom=0x0 is a line of its own",
        "memblock_reserve: [0x1-0x2]\nZone ranges:",
        " memory[0x0]\t[0x1-0x2], 0x2 bytes flags: 0x0\n0x3 bytes",
        " memory[0x0]\t[0x1-0x2], 0x2 bytes\n memory[0x1]\t[0x3-0x4], 0x2 bytes",
        "Booting Linux on physical CPU 0\nLinux version 3.10",
        "memblock_alloc_try_nid: 32 bytes align=0x20\n\nfrom=0x0",
    ],
)
def test_lines_of_their_own(text: str) -> None:
    assert joined(text) == text.splitlines()


def test_a_timed_log_is_joined_where_words_did_not_fit() -> None:
    text = (
        "[    0.000000] Linux version 4.19.57 (somebody@somewhere) (gcc version\n"
        "7.4.0 (OpenWrt GCC 7.4.0)) #0 Sun Jul 21 09:26:06 2019\n"
        "[    0.000000] clocksource: MIPS: mask: 0xffffffff max_cycles:\n"
        "0xffffffff, max_idle_ns: 5309056796 ns\n"
        "[    0.000000] SLUB: CPUs=1\n"
        "Here I added a line myself.\n"
    )
    assert joined(text) == [
        "Linux version 4.19.57 (somebody@somewhere) (gcc version "
        "7.4.0 (OpenWrt GCC 7.4.0)) #0 Sun Jul 21 09:26:06 2019",
        "clocksource: MIPS: mask: 0xffffffff max_cycles: 0xffffffff, max_idle_ns: 5309056796 ns",
        "SLUB: CPUs=1",
        "Here I added a line myself.",
    ]


def test_a_consoles_other_output_is_not_joined() -> None:
    text = "".join(
        f"[    5.{n:06d}] systemd[1]: Started something, number {n}: {'many' * (n % 9)}\n"
        f"[  OK  ] Started something number {n}.\n"
        for n in range(20)
    )
    assert len(joined(text)) == 40


def test_further_lines_of_one_message_stay_apart() -> None:
    text = "".join(
        f"[    1.{n:06d}] Unstable clock detected, switching default tracing clock to global\n"
        "               If you want to keep using the local clock, then add:\n"
        for n in range(5)
    )
    assert len(joined(text)) == 10
