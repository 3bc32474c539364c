"""Findings that need no prediction."""

from __future__ import annotations

from pathlib import Path

from tests.replay.memblock_text import HEAD, allocated, played, reserve, told

ARM = """\
Linux version 5.2.1-lpae (x@y) #1 SMP
CPU: ARMv7 Processor [410fc075] revision 5 (ARMv7), cr=30c5387d
MEMBLOCK configuration:
 memory size = 0x000000003e000000 reserved size = 0x0000000000000010
 memory.cnt  = 0x2
 memory[0x0]\t[0x0000000000000000-0x0000000000000fff], 0x0000000000001000 bytes flags: 0x4
 memory[0x1]\t[0x0000000000001000-0x000000003dffffff], 0x000000003dfff000 bytes flags: 0x0
 reserved.cnt  = 0x1
 reserved[0x0]\t[0x000000003cb3d040-0x000000003cb3d04f], 0x0000000000000010 bytes flags: 0x0
"""


def codes(text: str, folder: Path, head: str = HEAD) -> list[str]:
    return [code for code, _ in told(played(text, folder, head), notes=True)]


def test_a_reservation_outside_ram_is_one_note_for_its_caller(tmp_path: Path) -> None:
    text = "".join(reserve(0xF0000000 + n * 0x1000, 0x100, "acpi_tables") for n in range(5))
    ledger = played(text, tmp_path)
    assert told(ledger, notes=True) == [("MB201", 1)]
    assert "and 2 more" in ledger.divergences[0].logged


def test_one_that_is_larger_than_all_ram_is_a_warning(tmp_path: Path) -> None:
    ledger = played(reserve(0xF0000000, 0x8000000, "setup_arch"), tmp_path)
    assert told(ledger) == [("MB202", 1)]
    assert "15728640 bytes" in ledger.divergences[0].simulated


def test_an_address_that_no_machine_has(tmp_path: Path) -> None:
    text = reserve(0xFFFFFFFFFF2C0000, 0xE5, "efi_tpm_eventlog_init")
    assert told(played(text, tmp_path)) == [("MB206", 1)]


def test_a_free_under_another_owner(tmp_path: Path) -> None:
    late = "__memblock_free_late: [0x0000000000463000-0x000000000048efff] efi_free+0x1/0x2\n"
    first = reserve(0x463000, 0x2C000, "efi_reserve")
    wider = reserve(0x400000, 0x100000, "crash_reserve")
    assert told(played(first + wider + late, tmp_path)) == [("MB203", 3)]
    assert told(played(wider + first + late, tmp_path)) == []
    assert told(played(first + late, tmp_path)) == []


def test_e820_gives_away_what_was_allocated(tmp_path: Path) -> None:
    update = "e820: update [mem 0x{:08x}-0x{:08x}] usable ==> reserved\n"
    block = allocated(0xE00000, 0x200000, 0x1000)
    assert told(played(block + update.format(0xE01000, 0xE01FFF), tmp_path)) == [("MB208", 3)]
    assert told(played(block + update.format(0x801000, 0x801FFF), tmp_path)) == []


def test_an_array_in_memory_that_is_not_mapped(tmp_path: Path) -> None:
    doubled = "memblock: reserved is doubled to 256 at [0x0000000000ffd000-0x0000000000ffe7ff]\n"
    early = allocated(0xFFF000, 0x1000, 0x1000, "alloc_pmd_fixmap")
    late = allocated(0xFFF000, 0x1000, 0x1000, "sparse_init")
    assert "MB209" in codes(early + doubled, tmp_path)
    assert "MB209" not in codes(late + doubled, tmp_path)


def test_the_initial_ram_disk_over_the_kernel(tmp_path: Path) -> None:
    text = reserve(0x800000, 0x200000, "arm_memblock_init")
    text += "INITRD: 0x009ff000+0x00002000 overlaps in-use memory region - disabling initrd\n"
    ledger = played(text, tmp_path)
    assert told(ledger) == [("MB211", 2)]
    assert "0x1000 bytes" in ledger.divergences[0].simulated


def test_a_limit_that_leaves_no_low_memory(tmp_path: Path) -> None:
    assert "MB205" in codes("", tmp_path, ARM)
    assert "MB205" not in codes("", tmp_path, ARM.replace("5.2.1", "5.10.1"))
    whole = ARM.replace("0000fff], 0x0000000000001000", "01fffff], 0x0000000000200000")
    whole = whole.replace("0x0000000000001000-", "0x0000000000200000-")
    assert "MB205" not in codes("", tmp_path, whole)


def test_ram_twice_and_nothing_reserved(tmp_path: Path) -> None:
    add = "memblock_add: [0x0000000000200000-0x00000000002fffff] bootmem_init+0x1/0x2\n"
    empty = "memblock_reserve: [0x0000000000448000-0x0000000000447fff] setup_arch+0x1/0x2\n"
    assert codes(add + empty, tmp_path) == ["MB212", "MB213"]
