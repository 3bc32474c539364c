"""What x86 has reserved before memblock's first line."""

from __future__ import annotations

from tracekit.events.base import Event, Source
from tracekit.events.e820 import E820Row
from tracekit.events.initrd import Ramdisk
from tracekit.kernel.kernel import Kernel
from tracekit.replay.memblock.known import known_reserved
from tracekit.replay.memblock.machine import describe

HERE = Source("dmesg", 1)
EVENTS: list[Event] = [
    E820Row(HERE, 0, 0x9FC00, "BIOS-e820", "usable"),
    E820Row(HERE, 0x9FC00, 0xA0000, "BIOS-e820", "reserved"),
    E820Row(HERE, 0x100000, 0x10000000, "BIOS-e820", "usable"),
    Ramdisk(HERE, 0xF000000, 0xF100000),
]


def known(version: tuple[int, ...], arch: str = "x86_64") -> list[tuple[int, int]]:
    machine = describe(Kernel(version=version, arch=arch), EVENTS)
    return known_reserved(EVENTS, machine)


def test_low_memory_the_bios_area_and_the_ram_disk() -> None:
    assert known((6, 1, 0)) == [(0, 0x10000), (0x9F000, 0x100000), (0xF000000, 0xF100000)]


def test_the_bios_area_had_its_own_line_from_4_8_to_5_12() -> None:
    assert known((5, 10, 0)) == [(0, 0x1000), (0xF000000, 0xF100000)]


def test_before_it_began_where_conventional_memory_ends() -> None:
    assert known((3, 6, 5)) == [(0, 0x1000), (0x9FC00, 0x100000), (0xF000000, 0xF100000)]


def test_other_architectures_have_none_of_it() -> None:
    assert known((6, 1, 0), "arm64") == []
