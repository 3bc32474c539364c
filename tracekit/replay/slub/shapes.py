"""Hold slabinfo's objects and pages per slab against what the object size gives."""

from __future__ import annotations

from tracekit.boot import Boot
from tracekit.events.base import Source
from tracekit.mm.slab_geometry import SlabRules, slab_geometries
from tracekit.mm.slub_geometry import OrderRules, geometry
from tracekit.observed.slabinfo import SlabinfoRow, parse_slabinfo
from tracekit.replay.ledger import Ledger

__all__ = ["check_geometry", "read_slabinfo"]

UNKNOWN_RULES = "the log shows neither a SLUB banner nor the number of CPUs"
LOST_SIZE = "the size before alignment decides, and slabinfo does not show it"
NEWER_SLAB = "this kernel's SLAB layout depends on constructors, which nothing shows"


def read_slabinfo(boot: Boot) -> tuple[str, list[SlabinfoRow]]:
    """Return the path and the rows of the boot's slabinfo; no rows where there is none."""
    text = boot.capture.read_text("proc/slabinfo")
    if text is None:
        return "", []
    return str(boot.capture.files["proc/slabinfo"]), parse_slabinfo(text)


def check_geometry(
    ledger: Ledger, boot: Boot, path: str, rows: list[SlabinfoRow], rules: OrderRules | None
) -> None:
    """Predict every cache's order and objects per slab, and compare."""
    if any(row.limit for row in rows):
        _check_slab(ledger, boot, path, rows)
    elif rules is None:
        ledger.unchecked("geometry", UNKNOWN_RULES, len(rows))
    else:
        for row in rows:
            shape = geometry(row.size, rules)
            _compare(ledger, path, row, {(shape.objects, shape.pages)})


def _check_slab(ledger: Ledger, boot: Boot, path: str, rows: list[SlabinfoRow]) -> None:
    page_size = boot.kernel.page_size
    if page_size is None or boot.kernel.has("slab_freelist_in_objects"):
        ledger.unchecked("geometry", NEWER_SLAB, len(rows))
        return
    rules = SlabRules(page_size)
    if boot.kernel.has("slab_freelist_index"):
        rules = SlabRules(page_size, struct_slab=0, index=1, off_slab_size=page_size >> 5)
    for row in rows:
        shapes = slab_geometries(row.size, rules, (4, 8, 32, 64))
        answers = {(objects, 1 << order) for order, objects in shapes}
        if len(answers) > 1:
            ledger.unchecked("geometry", LOST_SIZE)
        else:
            _compare(ledger, path, row, answers)


def _compare(ledger: Ledger, path: str, row: SlabinfoRow, answers: set[tuple[int, int]]) -> None:
    if (row.objects_per_slab, row.pages_per_slab) in answers:
        ledger.matched("geometry")
        return
    objects, pages = next(iter(answers))
    ledger.diverged(
        "geometry",
        "SL401",
        Source(path, row.line),
        row.name,
        logged=f"{row.objects_per_slab} objects in {row.pages_per_slab} pages",
        simulated=f"{objects} objects in {pages} pages",
    )
