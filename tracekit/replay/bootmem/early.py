"""Checks what x86 printed around bootmem: early reservations, bitmaps, doubled pages.

The early reservations are listed once for each node, each with the part of it that lies in
the node; that part is then reserved in bootmem. What the SMP scan reserves again is harmless
and gets a note.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.bootmem import (
    BootmemAllocFailed,
    BootmemInit,
    BootmemMapPages,
    BootmemNodeData,
    BootmemNodeMap,
    BootmemSetupNode,
    EarlyResHeader,
    EarlyResOldRow,
    EarlyResRow,
    ReservedTwice,
    SmpTable,
)
from tracekit.events.e820 import E820Remove, E820Update
from tracekit.mm.bootmem import BootmemNode
from tracekit.mm.early_res import EarlyRes
from tracekit.replay.ledger import Ledger
from tracekit.replay.maps.x86_ram import unusable_name, usable_ram

EARLY_EVENTS = (
    BootmemAllocFailed,
    BootmemMapPages,
    BootmemNodeMap,
    BootmemSetupNode,
    EarlyResHeader,
    EarlyResOldRow,
    EarlyResRow,
    ReservedTwice,
)
SMP_CACHE_BYTES = 64
NO_EARLY_STATE = "the early reservations, the e820 map or its changes are not logged"
Listing = tuple[EarlyResHeader, list[EarlyResRow]]
Reservation = tuple[int, int, str]


def check_listings(boot: Boot, ledger: Ledger) -> frozenset[int]:
    """Check the lists of early reservations; the numbers of the lines that are wrong."""
    listings = list(_listings(boot))
    truth = _agreed(listings)
    before = len(ledger.divergences)
    for header, rows in listings:
        _check_listing(ledger, header, rows, truth)
    return frozenset(d.line.line for d in ledger.divergences[before:])


def check(boot: Boot, ledger: Ledger) -> None:
    """Check all other early lines of a boot and enter the results."""
    _check_setup(boot, ledger, list(_listings(boot)))
    _check_node_maps(boot, ledger)
    _note_reserved_twice(boot, ledger)
    for event in boot.of(BootmemAllocFailed):
        ledger.report(
            "BM151",
            event.source,
            "bootmem",
            logged=f"{event.failed_size:#x} bytes failed",
            simulated="an allocation that some node can meet",
        )


def _listings(boot: Boot) -> Iterator[Listing]:
    """Each header with the rows after it; other lines may stand between them."""
    header: EarlyResHeader | None = None
    rows: list[EarlyResRow] = []
    for event in boot.events:
        if isinstance(event, EarlyResHeader):
            if header is not None:
                yield header, rows
            header, rows = event, []
        elif isinstance(event, EarlyResRow) and header is not None:
            rows.append(event)
    if header is not None:
        yield header, rows


def _agreed(listings: list[Listing]) -> dict[int, Reservation]:
    """Each reservation by its number, from a row whose part in the node bears it out."""
    agreed: dict[int, Reservation] = {}
    for header, rows in listings:
        for row in rows:
            whole = (row.start, row.end, row.owner)
            part = _part(header, row.start, row.end)
            if part == (row.part_start, row.part_end) and (
                row.index not in agreed or row.part_start is not None
            ):
                agreed[row.index] = whole
    return agreed


def _part(header: EarlyResHeader, start: int, end: int) -> tuple[int | None, int | None]:
    low, high = max(header.start, start), min(header.end, end)
    return (low, high) if low < high else (None, None)


def _check_listing(
    ledger: Ledger, header: EarlyResHeader, rows: list[EarlyResRow], truth: dict[int, Reservation]
) -> None:
    if [row.index for row in rows] != list(range(header.count)):
        ledger.diverged(
            "early_res",
            "BM141",
            header.source,
            "early reservations",
            logged=f"{len(rows)} rows",
            simulated=f"{header.count} rows, numbered from 0",
        )
    for row in rows:
        start, end, owner = truth.get(row.index, (row.start, row.end, row.owner))
        expected = _part(header, start, end)
        if (row.start, row.end, row.owner, row.part_start, row.part_end) == (
            start,
            end,
            owner,
            *expected,
        ):
            ledger.matched("early_res")
            continue
        ledger.diverged(
            "early_res",
            "BM140",
            row.source,
            f"early reservation of {row.owner}",
            logged=f"{_span(row.start, row.end)}, of it {_span(row.part_start, row.part_end)}",
            simulated=f"{_span(start, end)}, of it {_span(*expected)} in the node",
        )


def _span(start: int | None, end: int | None) -> str:
    return "nothing" if start is None or end is None else f"[{start:#x}-{end:#x})"


def _check_setup(boot: Boot, ledger: Ledger, listings: list[Listing]) -> None:
    """x86_64: where setup_node_bootmem() puts a node's pg_data_t and bitmap.

    find_e820_area() takes the lowest place; what was reserved by then is listed afterwards.
    """
    # Changes of the map are debug messages: a log without any may lack them.
    changes = boot.of(E820Update) + boot.of(E820Remove)
    early = EarlyRes(usable_ram(boot) if changes else [])
    for row in listings[0][1] if listings else ():
        early.reserve_overlap_ok(row.start, row.end, row.owner)
    node: BootmemSetupNode | None = None
    after = 0
    for event in boot.events:
        if isinstance(event, BootmemSetupNode):
            node, after = event, event.start
        elif isinstance(event, BootmemNodeData) and node is not None:
            size = event.last + 1 - event.start
            _check_place(ledger, event, early if listings else None, node, size, after)
            if node.start <= event.start < node.end:
                after = -(-(event.last + 1) // 4096) * 4096
        elif isinstance(event, BootmemMapPages) and node is not None:
            _check_map_size(ledger, event, node)
            size = event.map_pages * 4096
            _check_place(ledger, event, early if listings else None, node, size, after)
            node = None


def _check_place(
    ledger: Ledger,
    event: BootmemNodeData | BootmemMapPages,
    early: EarlyRes | None,
    node: BootmemSetupNode,
    size: int,
    lowest: int,
) -> None:
    if early is None or not early.ram:
        ledger.unchecked("early_res", NO_EARLY_STATE)
        return
    align = 4096 if isinstance(event, BootmemMapPages) else SMP_CACHE_BYTES
    found = early.find_area(lowest, node.end, size, align)
    if found == event.start:
        ledger.matched("early_res")
    elif found is None:
        ledger.unchecked("early_res", "no room before bootmem: it comes from another node")
    else:
        ledger.diverged(
            "early_res",
            "BM143",
            event.source,
            f"node {node.nid}",
            logged=f"{event.start:#x}",
            simulated=f"{found:#x}, the lowest free place",
            related=[node.source],
        )


def _check_map_size(ledger: Ledger, event: BootmemMapPages, node: BootmemSetupNode) -> None:
    bitmap = BootmemNode(node.nid, node.start >> 12, node.end >> 12, word_bits=64)
    if (event.last + 1 - event.start, event.map_pages) == (
        bitmap.bitmap_bytes,
        bitmap.bitmap_pages,
    ):
        ledger.matched("node")
        return
    ledger.diverged(
        "node",
        "BM120",
        event.source,
        f"node {node.nid}",
        logged=f"a bitmap of {event.last + 1 - event.start:#x} bytes, {event.map_pages:#x} pages",
        simulated=f"{bitmap.bitmap_bytes:#x} bytes, {bitmap.bitmap_pages:#x} pages",
        related=[node.source],
    )


def _check_node_maps(boot: Boot, ledger: Ledger) -> None:
    """x86-32: the bitmap's place as the node's line and bootmem_debug's line give it."""
    inits = {event.nid: event for event in boot.of(BootmemInit)}
    for event in boot.of(BootmemNodeMap):
        init = inits.get(event.nid)
        if init is None:
            ledger.unchecked("node", "no bootmem_debug: the size of the node's bitmap is not known")
        elif init.map_pfn == event.start >> 12 and init.map_bytes == event.end - event.start:
            ledger.matched("node")
        else:
            ledger.diverged(
                "node",
                "BM120",
                event.source,
                f"node {event.nid}",
                logged=f"a bitmap at {_span(event.start, event.end)}",
                simulated=f"{init.map_bytes:#x} bytes from page {init.map_pfn:#x}",
                related=[init.source],
            )


def _note_reserved_twice(boot: Boot, ledger: Ledger) -> None:
    """One note for each run of doubled pages, with both owners as far as the log names them."""
    run: list[ReservedTwice] = []
    table: SmpTable | None = None
    for event in boot.events:
        if isinstance(event, SmpTable):
            table = event
        if not isinstance(event, ReservedTwice):
            continue
        if run and event.address != run[-1].address + 4096:
            _note_run(boot, ledger, run, table)
            run = []
        run.append(event)
    if run:
        _note_run(boot, ledger, run, table)


def _note_run(boot: Boot, ledger: Ledger, run: list[ReservedTwice], table: SmpTable | None) -> None:
    start, end = run[0].address, run[-1].address + 4096
    ram = usable_ram(boot)
    name = unusable_name(boot, start, end)
    if name is not None:
        first = f"first by {name}: it is no usable RAM, so bootmem never freed it"
    elif ram:
        first = "first by an earlier reservation: it is usable RAM"
    else:
        first = "first by an earlier reservation: the log has no e820 map"
    second = _second_owner(table, start)
    pages = f"{len(run)} pages" if len(run) > 1 else "page"
    ledger.report(
        "BM150",
        run[0].source,
        f"{pages} at {start:#x}",
        logged=f"{pages} at {start:#x} reserved twice",
        simulated=f"{first}; then {second}",
        explanation=f"Two callers reserved {_span(start, end)}: {first}; then by {second}. "
        + ("A harmless duplicate outside usable RAM." if name else "See that neither frees it."),
        related=[event.source for event in run[1:]],
    )


def _second_owner(table: SmpTable | None, start: int) -> str:
    """What reserved a page again: the SMP scan reserves the MP table and what it points to."""
    if table is None:
        return "a caller that the log does not name"
    if start == table.address // 4096 * 4096:
        return f"the SMP scan, for the MP table found at {table.address:#x}"
    return f"the SMP scan, for the configuration that the MP table at {table.address:#x} names"
