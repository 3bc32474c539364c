"""The kernel's own numbers, each taken apart into the causes that the log shows.

A number is a sum of terms on either side; the difference of a term is a part of the number's
difference, and what the terms leave is the remainder, which has a name. ``Memory: available``
is what was free when the line was printed, ``MemTotal`` what the page allocator manages
(mm/mm_init.c:mem_init_print_info, mm/show_mem.c:si_meminfo).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.compare.change import Account
from tracekit.compare.side import Side, whole_pages
from tracekit.events.boot import CpusUp
from tracekit.events.mm_init import DeferredDone, MemoryLine
from tracekit.replay.budget.kinds import HUGE
from tracekit.replay.budget.tree import Budget

KIB = 1024
FREE = "free at the hand-off"
LATE = "struct pages that were initialised after the line"
RING = "trace ring buffers, taken before the line"
ENDS = "parts of pages, and holes that an old kernel's total counts"
BETWEEN = "taken from the page allocator between the hand-off and the line"
AFTER = "given back or taken after the hand-off without a line"
BUF_PAGE_HDR = 16  # kernel/trace/ring_buffer.c: what a page keeps for itself on 64-bit

Terms = dict[str, int]


def accounts(a: Side, b: Side, one: Budget, two: Budget) -> list[Account]:
    """Return RAM, what was free at the hand-off, the Memory: lines and MemTotal, taken apart."""
    found = [_account("RAM", one.ram, two.ram, _ram(one), _ram(two), "not in the budget")]
    if one.free is not None and two.free is not None:
        terms = _free(one), _free(two)
        found.append(_account(FREE, one.free, two.free, *terms, "not in the budget"))
    found += _memory_lines(a, b, one, two)
    if one.mem_total is not None and two.mem_total is not None:
        terms = _mem_total(a, one), _mem_total(b, two)
        found.append(_account("MemTotal", one.mem_total, two.mem_total, *terms, AFTER))
    return found


def _account(name: str, before: int, after: int, old: Terms, new: Terms, rest: str) -> Account:
    deltas = {term: new.get(term, 0) - old.get(term, 0) for term in {**old, **new}}
    parts = tuple((term, delta) for term, delta in deltas.items() if delta)
    return Account(name, before, after, sum(deltas.values()), rest, parts)


def _ram(budget: Budget) -> Terms:
    """RAM of the kernel: all leaves but those that only the firmware's map has."""
    outside = ("firmware", "left out")
    held = sum(leaf.bytes for leaf in budget.root.leaves() if leaf.kind not in outside)
    return {"RAM of the kernel": held}


def _free(budget: Budget) -> Terms:
    """What is free: RAM less all that is held, by what it is for."""
    terms: Counter[str] = Counter()
    for leaf in budget.root.leaves():
        if leaf.kind not in ("firmware", "left out", "free"):
            terms[leaf.kind] -= leaf.bytes
    return {"RAM": budget.ram, **terms}


def _memory_lines(a: Side, b: Side, one: Budget, two: Budget) -> Iterator[Account]:
    old, new = a.memory_line, b.memory_line
    if old is None or new is None:
        return
    totals = _total(a, old, one), _total(b, new, two)
    yield _account("Memory: total", old.total * KIB, new.total * KIB, *totals, ENDS)
    if one.free is None or two.free is None:
        return
    terms = _available(a, old, one), _available(b, new, two)
    rest = BETWEEN if all(_is_fine(x) for x in (one, two)) else f"{BETWEEN}, or {LATE}"
    yield _account("Memory: available", old.available * KIB, new.available * KIB, *terms, rest)


def _total(side: Side, line: MemoryLine, budget: Budget) -> Terms:
    """arm's wording before v3.11 counts what is free alone, others count holes as well.

    Those of 32-bit x86 before v3.11 do not tell the holes: there all page frames below the end
    of RAM are counted (arch/x86/mm/init_32.c:mem_init), which the number itself shows.
    """
    counts_free = line.code is None and line.absent is None
    whole, end = whole_pages(side)
    untold = line.absent is None and end and line.total * KIB == end
    holes = end - whole if untold else (line.absent or 0) * KIB
    return {
        "RAM": budget.ram,
        "parts of pages, which the line leaves out": whole - budget.ram if whole else 0,
        "holes, which the line counts": holes,
        "reserved memory, which the line leaves out": -(line.reserved or 0) * KIB * counts_free,
    }


def _is_fine(budget: Budget) -> bool:
    return budget.detail == "memblock"


def _available(side: Side, line: MemoryLine, budget: Budget) -> Terms:
    boot = side.boot
    done = any(event.source.line < line.source.line for event in boot.of(DeferredDone))
    return {
        FREE: budget.free or 0,
        LATE: 0 if done else -budget.deferred,
        RING: -_ring_buffers(boot, line),
        **_kept(budget),
    }


def _kept(budget: Budget) -> Terms:
    """What the architecture takes out of the managed pages (zero pages), negative."""
    return {item.name: item.bytes for item in budget.adjustments if item.bytes < 0}


def _ring_buffers(boot: Boot, line: MemoryLine) -> int:
    """Return the bytes of the ring buffers of the processors that were up at the line.

    trace_event= and ftrace= have them made in full size at boot; each takes whole pages of
    data and one for the reader (kernel/trace/ring_buffer.c:rb_allocate_cpu_buffer). Since v6.12
    the Memory: line is printed when all processors are up.
    """
    kernel = boot.kernel
    up = [event for event in boot.of(CpusUp) if event.source.line < line.source.line]
    wanted = kernel.option("trace_event") or kernel.option("ftrace")
    size = _size(kernel.option("trace_buf_size") or "")
    if not up or not wanted or not size or not kernel.page_size or _has_no_buffers(boot):
        return 0
    pages = -(-size // (kernel.page_size - BUF_PAGE_HDR)) + 1
    return pages * kernel.page_size * up[-1].cpus


def _has_no_buffers(boot: Boot) -> bool:
    """Whether the kernel says that there was no room for them (tracer_alloc_buffers)."""
    lines = (line.text for loaded in boot.logs for line in loaded.log.lines)
    return any("tracer: failed to allocate ring buffer" in text for text in lines)


def _size(text: str) -> int:
    units = {"k": 10, "m": 20, "g": 30}
    number, shift = text, 0
    if text[-1:].lower() in units:
        number, shift = text[:-1], units[text[-1].lower()]
    return int(number) << shift if number.isdigit() else 0


def _mem_total(side: Side, budget: Budget) -> Terms:
    """MemTotal: what was given, and what came back; CMA and huge pages count as given.

    A coarse budget starts from the Memory: line, which counts what was freed before it.
    """
    terms: Counter[str] = Counter({FREE: budget.free or 0})
    line = side.memory_line
    counted = line.source.line if line and not _is_fine(budget) else 0
    for item in budget.returned:
        if item.source is None or item.source.line > counted:
            terms[f"freed later: {item.name}"] += item.bytes
    terms.update(_kept(budget))
    terms["CMA, given back for movable pages"] += (line.cma or 0) * KIB if line else 0
    finest = side.budget or budget
    huge = sum(leaf.bytes for leaf in finest.root.leaves() if leaf.kind == HUGE)
    terms["huge pages, which count as given"] += huge
    return dict(terms)
