"""Every wording of memblock's lines from 2.6.37 to 7.x."""

from __future__ import annotations

from tracekit.capture.line import Line, Log
from tracekit.events.base import Event
from tracekit.events.memblock import (
    MemblockCall,
    MemblockCount,
    MemblockDoubled,
    MemblockDump,
    MemblockRequest,
    MemblockRow,
    MemblockTotals,
)
from tracekit.syntax.dmesg import parse_log


def read(text: str) -> Event:
    parsed = parse_log(Log("dmesg", "dmesg", "dmesg", [Line(1, 0.0, text)], 1, True))
    assert parsed.unparsed == []
    return parsed.events[0]


def call(text: str) -> MemblockCall:
    found = read(text)
    assert isinstance(found, MemblockCall)
    return found


def test_calls_of_the_three_ages() -> None:
    old = call("memblock_reserve: [0x000000012ce000-0x000000012da000] setup_arch+0x540/0x958")
    flags = call(
        "memblock_reserve: [0x00000088008000-0x0000008802bf3b] flags 0x0 arm_memblock_init+0xf/0x48"
    )
    new = call(
        "__memblock_reserve: [0x000000000f978f80-0x000000000f9a3fff] nid=-1 flags=20 "
        "memblock_alloc_range_nid+0xe9/0x190"
    )
    assert (old.base, old.bound, old.flags, old.by) == (0x12CE000, 0x12DA000, None, "setup_arch")
    assert (flags.flags, flags.by) == (0, "arm_memblock_init")
    assert (new.nid, new.flags, new.by) == (-1, 0x20, "memblock_alloc_range_nid")
    assert all(one.is_reserve for one in (old, flags, new))


def test_what_a_call_does() -> None:
    assert call("memblock_phys_free: [0x1000-0x1fff] a+0x1/0x2").is_free
    assert call("   memblock_free: [0x03245000-0x03244fff] a+0x1/0x2").is_free
    assert call("__memblock_free_early: [0x4defc0-0x8defbf] sparse_init+0x117/0x144").is_free
    late = call("__memblock_free_late: [0x63000-0x8efff] efi_free_boot_services+0x14b/0x23b")
    assert late.is_late
    assert not late.is_free
    node = call("memblock_add_node: [0x1000-0x1fff] nid=1 flags=0 a+0x1/0x2")
    assert (node.nid, node.is_reserve, node.is_free) == (1, False, False)
    assert call("memblock_physmem_add: [0x0-0x1fffffff] setup_arch+0x1/0x2").by == "setup_arch"


def test_the_tags_of_2_6_38() -> None:
    tagged = call("    memblock_x86_reserve_range: [0x000f5bb0-0x000f5c7f]   * MP-table mpc")
    assert (tagged.is_reserve, tagged.by) == (True, "* MP-table mpc")
    freed = call("       memblock_x86_free_range: [0x1f7b5000-0x1fbb4fff]")
    assert (freed.is_free, freed.by) == (True, "")


def test_requests_with_and_without_a_node() -> None:
    physical = read(
        "memblock_phys_alloc_range: 4096 bytes align=0x2000 from=0x00000000 max_addr=0x00000001 "
        "trap_init+0x84/0x840"
    )
    virtual = read(
        "memblock_virt_alloc_try_nid_nopanic: 15728640 bytes align=0x0 nid=0 from=0x0 "
        "max_addr=0x0 alloc_node_mem_map.constprop.78+0x3d/0x60"
    )
    exact = read(
        "memblock_alloc_exact_nid_raw: 16777216 bytes align=0x1000000 nid=0 "
        "from=0x0000000040000000 max_addr=0x0000000000000000 sparse_init_nid+0x160/0x38c"
    )
    assert isinstance(physical, MemblockRequest)
    assert (physical.nid, physical.align, physical.max_addr) == (None, 0x2000, 1)
    assert isinstance(virtual, MemblockRequest)
    assert (virtual.nid, virtual.by) == (0, "alloc_node_mem_map.constprop.78")
    assert isinstance(exact, MemblockRequest)
    assert exact.exact_nid


def test_dumps_old_and_new() -> None:
    assert isinstance(read("MEMBLOCK configuration:"), MemblockDump)
    totals = read(" memory size = 0x000000000ff7ec00 reserved size = 0x000000000357e000")
    assert isinstance(totals, MemblockTotals)
    assert (totals.memory_size, totals.reserved_size) == (0xFF7EC00, 0x357E000)
    only = read(" memory size = 0x1ff6fc00")
    assert isinstance(only, MemblockTotals)
    assert only.reserved_size is None
    count = read(" reserved.cnt  = 0xb")
    assert isinstance(count, MemblockCount)
    assert (count.list, count.count) == ("reserved", 11)


def test_rows_old_and_new() -> None:
    old = read(" memory[0x1]\t[0x00000000100000-0x0000001ffdffff], 0x1fee0000 bytes")
    new = read(
        " reserved[0xa]\t[0x000000003fffc000-0x000000003fffc00f], 0x0000000000000010 bytes "
        "on node 1 flags: 0x20"
    )
    assert isinstance(old, MemblockRow)
    assert (old.base, old.size, old.nid, old.flags) == (0x100000, 0x1FEE0000, None, None)
    assert isinstance(new, MemblockRow)
    assert (new.list, new.index, new.nid, new.flags) == ("reserved", 10, 1, 0x20)


def test_a_doubled_array() -> None:
    found = read("memblock: reserved is doubled to 256 at [0x000000017fffd000-0x000000017fffe7ff]")
    assert isinstance(found, MemblockDoubled)
    assert (found.list, found.entries, found.base) == ("reserved", 256, 0x17FFFD000)


def test_a_garbled_line_is_told_of() -> None:
    text = "memblock_reserve: [0x00000000fe~4000-0x0000"
    parsed = parse_log(Log("dmesg", "dmesg", "dmesg", [Line(1, 0.0, text)], 1, True))
    assert [line.text for line in parsed.unparsed] == [text]
