from __future__ import annotations

import pytest

from tests.events.reading import read, read_log
from tracekit.events.e820 import E820Remove, E820Row, E820Update, LastPfn

ROW = "BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] "


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (" BIOS-e820: 0000000000000400 @ 000000000009fc00 (usable)", "usable"),
        (" BIOS-e820: 000000000009fc00 - 00000000000a0000 (reserved)", "reserved"),
        (f"{ROW}ACPI NVS", "ACPI NVS"),
        (f"{ROW} System RAM", "usable"),
        (f"{ROW} device reserved", "reserved"),
        (f"{ROW} persistent RAM (type 7)", "persistent (type 7)"),
    ],
)
def test_a_row_means_the_same_in_every_wording(line: str, kind: str) -> None:
    row = read(line)
    assert isinstance(row, E820Row)
    assert (row.range, row.kind) == ((0x9FC00, 0xA0000), kind)
    assert row.is_ram == (kind == "usable")


def test_a_change_has_exclusive_ends_whatever_the_kernel_prints() -> None:
    old = read("e820 update range: 0000000000000000 - 0000000000010000 (usable) ==> (reserved)")
    new = read("e820: update [mem 0x00000000-0x0000ffff] System RAM ==> device reserved")
    assert isinstance(old, E820Update)
    assert isinstance(new, E820Update)
    assert old.range == new.range == (0, 0x10000)
    assert (old.kind, old.new_kind) == (new.kind, new.new_kind) == ("usable", "reserved")


def test_a_removal_without_a_type_removes_all() -> None:
    event = read("e820: remove [mem 0x1c24a00000-0x1c27a2ffff]")
    assert isinstance(event, E820Remove)
    assert event.kind is None


def test_old_kernels_print_last_pfn_in_decimal() -> None:
    event = read("last_pfn = 131056 max_arch_pfn = 1048576")
    assert isinstance(event, LastPfn)
    assert (event.last_pfn, event.max_arch_pfn) == (131056, 1 << 20)


def test_a_garbled_row_is_counted() -> None:
    parsed = read_log("BIOS-e820: [mem 0x0000000000000000-0x0000000000")
    assert [line.number for line in parsed.unparsed] == [1]
