from __future__ import annotations

from tests.events.reading import read_log
from tracekit.replay.maps.e820_table import KERN, E820Table


def table_of(*lines: str) -> E820Table:
    table = E820Table()
    for event in read_log(*lines).events:
        table.feed(event)
    return table


def rows(table: E820Table) -> list[tuple[int, int, str]]:
    return [(entry.start, entry.end, entry.kind) for entry in table.entries]


RAM = "BIOS-e820: [mem 0x0000000000100000-0x000000001fffffff] usable"


def test_an_update_splits_and_a_removal_cuts() -> None:
    table = table_of(
        RAM,
        "e820: update [mem 0x10000000-0x10000fff] usable ==> reserved",
        "e820: remove [mem 0x1f000000-0x1fffffff] usable",
    )
    assert rows(table) == [
        (0x100000, 0x10000000, "usable"),
        (0x10000000, 0x10001000, "reserved"),
        (0x10001000, 0x1F000000, "usable"),
    ]
    assert table.debug


def test_neighbours_of_one_type_become_one() -> None:
    table = table_of(
        RAM,
        "BIOS-e820: [mem 0x0000000020000000-0x000000002fffffff] reserved",
        "e820: update [mem 0x1f000000-0x1fffffff] usable ==> reserved",
    )
    assert rows(table)[-1] == (0x1F000000, 0x30000000, "reserved")


def test_setup_data_is_ram_of_its_own_also_in_the_extended_map() -> None:
    table = table_of(
        RAM,
        "e820: update [mem 0x18000018-0x18000457] usable ==> usable",
        "extended physical RAM map:",
        "reserve setup_data: [mem 0x0000000000100000-0x0000000018000017] usable",
        "reserve setup_data: [mem 0x0000000018000018-0x0000000018000457] usable",
        "reserve setup_data: [mem 0x0000000018000458-0x000000001fffffff] usable",
    )
    assert [kind for _, _, kind in rows(table)] == ["usable", KERN, "usable"]
    assert len(table.ram()) == 3


def test_graphics_memory_is_reserved_without_an_update() -> None:
    table = table_of(RAM, "Reserving Intel graphics memory at [mem 0x1e000000-0x21ffffff]")
    assert rows(table) == [(0x100000, 0x1E000000, "usable"), (0x1E000000, 0x22000000, "reserved")]
    assert not table.debug


def test_a_new_heading_begins_a_new_table() -> None:
    table = table_of(RAM, "user-defined physical RAM map:")
    assert rows(table) == []
