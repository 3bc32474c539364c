"""How far nodes are from one another, as far as a log tells.

The SLIT and the device tree's map are not printed; that there is none, is. The device tree
itself may be at hand.
"""

from __future__ import annotations

import re

from tracekit.boot import Boot
from tracekit.events.initrd import AcpiTable
from tracekit.events.numa import DistanceMap, DistanceTable, EmulatedNode
from tracekit.mm.zonelists import Distance
from tracekit.replay.mm_init.early_memory import firmware_nodes
from tracekit.replay.mm_init.setting import Setting

LOCAL, REMOTE = 10, 20
TREE = "proc/fdt.dts"
_MATRIX = re.compile(r"distance-matrix = <([^>]*)>")


def find_distance(boot: Boot, setting: Setting) -> Distance | None:
    """Return the distance of two nodes, None where it is not known.

    Without a table all other nodes are equally far (drivers/base/arch_numa.c,
    mm/numa_memblks.c: node_distance).
    """
    if setting.kernel.arch not in ("x86_64", "i386", "arm64", "riscv64", "loongarch64"):
        return None
    if boot.of(EmulatedNode):
        return _emulated(boot, setting)
    if boot.of(DistanceMap):
        return _of_tree(boot)
    tables = any(table.table == "SLIT" for table in boot.of(AcpiTable))
    given = bool(boot.of(DistanceTable)) and setting.kernel.arch in ("x86_64", "i386")
    return None if tables or given else _plain


def _plain(one: int, other: int) -> int:
    return LOCAL if one == other else REMOTE


def _emulated(boot: Boot, setting: Setting) -> Distance | None:
    """Return the distances of faked nodes: those of the nodes that they are parts of.

    mm/numa_emulation.c:numa_emulation; numa=fake= may name distances itself.
    """
    named = ":" in (setting.kernel.option("numa") or "")
    if named or any(table.table == "SLIT" for table in boot.of(AcpiTable)):
        return None
    page = setting.page_size
    real = firmware_nodes(boot, page, faked=False)
    owners = {
        fake.nid: next((r.nid for r in real if r.start_pfn <= fake.start // page < r.end_pfn), 0)
        for fake in boot.of(EmulatedNode)
    }
    return lambda one, other: _plain(owners.get(one, 0), owners.get(other, 0))


def _of_tree(boot: Boot) -> Distance | None:
    """Return the distances of the device tree: triples of two nodes and a distance."""
    found = _MATRIX.search(boot.capture.read_text(TREE) or "")
    if found is None:
        return None
    cells = [int(word, 0) for word in found[1].split()]
    table: dict[tuple[int, int], int] = {}
    for one, other, far in zip(cells[::3], cells[1::3], cells[2::3], strict=False):
        table[one, other] = far
        # The other direction is the same where the tree does not say otherwise.
        table.setdefault((other, one), far)
    return lambda one, other: table.get((one, other), _plain(one, other))
