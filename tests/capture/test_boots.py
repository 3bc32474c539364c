"""Several boots in one file."""

from __future__ import annotations

from tracekit.capture.boots import is_banner, split
from tracekit.capture.prefixes import strip

BANNER = "Linux version 6.1.0"
MEMORY = "Memory: 10K/20K available"


def found(*lines: str) -> tuple[range, list[range]]:
    return split(strip(lines, range(1, len(lines) + 1))[0])


def at(time: float, text: str) -> str:
    return f"[{time:12.6f}] {text}"


def test_banner() -> None:
    assert is_banner("Linux version 2.4.1 (root@box)")
    assert not is_banner("Preparing to boot Linux version 6.1")
    assert not is_banner("Loading modules backported from Linux version v5.2")


def test_no_banner_and_nothing_at_all() -> None:
    assert found(at(1, "a"), at(2, "b")) == (range(2), [])
    assert found() == (range(0), [])


def test_lines_before_the_banner_are_part_of_the_boot() -> None:
    early = [at(0, "radix-mmu: Mapped"), at(0, "Hash pointers mode set to never.")]
    assert found(*early, at(0, BANNER), at(0, MEMORY)) == (range(4), [])
    assert found("Preparing to boot Linux version 6.1", at(0, BANNER)) == (range(2), [])
    assert found("some shell prompt", BANNER, MEMORY) == (range(3), [])


def test_tail_of_an_earlier_boot_is_set_aside() -> None:
    lines = [at(99, "old"), "U-Boot", at(0, "Booting Linux on physical CPU 0"), at(0, BANNER)]
    assert found(*lines) == (range(1, 4), [range(1)])


def test_last_boot_that_reached_its_memory_line_is_chosen() -> None:
    boot = [at(0, BANNER), at(0, MEMORY), at(9, "running")]
    assert found(*boot, *boot, at(0, BANNER)) == (range(3, 6), [range(3), range(6, 7)])
    assert found(at(0, BANNER), at(0, "a"), at(0, BANNER)) == (range(2, 3), [range(2)])


def test_boots_without_times_part_at_the_wording() -> None:
    boot = ["Booting Linux on physical CPU 0", BANNER, MEMORY, "VFS: mounted"]
    assert found(*boot, *boot) == (range(4, 8), [range(4)])
