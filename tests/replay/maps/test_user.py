from __future__ import annotations

import pytest

from tracekit.events.base import Source
from tracekit.replay.maps.e820_table import Entry
from tracekit.replay.maps.user import expected_ram, memmap_options, size_of


def test_sizes_as_memparse_reads_them() -> None:
    assert [size_of("16", "M"), size_of("0x10", ""), size_of("1", "g")] == [16 << 20, 16, 1 << 30]


@pytest.mark.parametrize(
    ("cmdline", "options"),
    [
        ("quiet", []),
        ("memmap=16M$256M", [(256 << 20, 272 << 20, "$")]),
        ("memmap=1G!4G,4K#0x1000", [(4 << 30, 5 << 30, "!"), (0x1000, 0x2000, "#")]),
        ("memmap=exactmap memmap=640K@0", None),
        ("memmap=10M%0x1000-1+2", None),
    ],
)
def test_memmap_options(cmdline: str, options: list[tuple[int, int, str]] | None) -> None:
    assert memmap_options(cmdline) == options


def test_the_less_usable_type_wins() -> None:
    row = Source("log", 1)
    firmware = [Entry(0, 0x10000, "usable", row), Entry(0x20000, 0x30000, "reserved", row)]
    assert expected_ram(firmware, [(0x4000, 0x8000, "$"), (0x28000, 0x38000, "@")]) == [
        (0, 0x4000),
        (0x8000, 0x10000),
        (0x30000, 0x38000),
    ]
