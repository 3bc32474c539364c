"""The simulated page allocator's history as text, with small plots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tracekit.replay.page_alloc.history import FallbackStep, PageHistory, ZoneName, fallback_matrix
from tracekit.replay.page_alloc.watch import ZoneSample
from tracekit.report.plot import digits, plot

LINES = 20
MOST_TAKERS = 2


def render(history: PageHistory | str, lines: int | None = LINES) -> str:
    """Return the history as text, or the one sentence that says why there is none.

    ``lines`` limits the rows of a table, None for all of them.
    """
    if isinstance(history, str):
        return f"\nNo simulation of the page allocator: {history}\n"
    shown = ["", "SIMULATION (page allocator)", "=" * 27]
    shown += [f"Not known for a part of the trace: {reason}" for reason in history.reasons]
    shown += _zones(history)
    for index, zone in enumerate(history.zones):
        shown += _plot(history, index, zone)
    shown += [*_fallbacks(history, lines), *_traffic(history), *_living(history, lines)]
    return "\n".join(shown) + "\n"


def zone_title(zone: ZoneName) -> str:
    """Return what a zone is called in reports."""
    return f"node {zone.nid} zone {zone.name}"


def _zones(history: PageHistory) -> Iterator[str]:
    titles = ("RAM", "Free first", "Lowest", "Free last", "Per-cpu", "Largest", "Unusable")
    yield ""
    yield f"{'Zone (pages)':<22}" + "".join(f"{title:>12}" for title in titles)
    yield "-" * (22 + 12 * len(titles))
    for index, zone in enumerate(history.zones):
        known = [sample.zones[index] for sample in history.known]
        if not known:
            yield f"{zone_title(zone):<22}{zone.present:>12,}  not known"
            continue
        last, lowest = known[-1], min(sample.free for sample in known)
        figures = (zone.present, known[0].free, lowest, last.free, last.listed)
        cells = [f"{n:,}" for n in figures] + [str(last.largest), f"{last.unusable:.1%}"]
        yield f"{zone_title(zone):<22}" + "".join(f"{cell:>12}" for cell in cells)
    yield "Largest is the order of the largest free block; unusable is the part of the free pages"
    yield f"in blocks smaller than a pageblock (order {history.pageblock_order})."


def _plot(history: PageHistory, index: int, zone: ZoneName) -> Iterator[str]:
    free = _series(history, index, lambda found: found.free)
    lines = plot(free)
    if not lines or not any(free):
        return
    margin = len(lines[0].partition("|")[0])
    first, last = (history.time(history.samples[place]) for place in (0, -1))
    span = "" if first is None or last is None else f", {first:.2f} s to {last:.2f} s"
    yield ""
    yield f"Free pages of {zone_title(zone)} over {history.samples[-1].event:,} events{span}"
    yield from lines
    rows = (
        ("order", digits(_series(history, index, lambda found: found.largest))),
        ("frag", digits(_series(history, index, lambda found: 9 * found.unusable))),
    )
    yield from (f"{name:>{margin - 1}} |{text}" for name, text in rows)
    yield f"{'':>{margin}} order: largest free block; frag: unusable share, 0 none to 9 all"


def _series(
    history: PageHistory, index: int, figure: Callable[[ZoneSample], float]
) -> list[float | None]:
    return [None if s.reason else figure(s.zones[index]) for s in history.samples]


def _fallbacks(history: PageHistory, lines: int | None) -> Iterator[str]:
    steps = history.fallbacks
    broken = sum(step.fragmenting for step in steps)
    claimed = sum(step.claimed for step in steps)
    yield ""
    yield f"Fallbacks to another migrate type: {len(steps):,}, " + (
        f"pageblocks claimed: {claimed:,}, pageblocks left with two types: {broken:,}"
    )
    for (wanted, donor), count in sorted(fallback_matrix(steps).items()):
        yield f"  {count:,} x {wanted} took from {donor}"
    yield from _limited([_step(step) for step in steps], lines)


def _step(step: FallbackStep) -> str:
    what = "fragmenting" if step.fragmenting else "claimed" if step.claimed else "borrowed"
    time = "" if step.line.time is None else f" [{step.line.time:.6f}]"
    cause = f" for {step.cause}" if step.cause else ""
    return (
        f"  line {step.line.line}{time} {step.zone}: order {step.order} {step.migratetype} took "
        f"order {step.donor_order} {step.donor_type} at pfn {step.pfn:#x}, {what}{cause}"
    )


def _traffic(history: PageHistory) -> Iterator[str]:
    titles = ("Refills", "Pages in", "Drains", "Pages out", "Allocs", "Frees", "Per refill")
    yield ""
    yield f"{'Per-cpu lists':<14}" + "".join(f"{title:>12}" for title in titles)
    yield "-" * (14 + 12 * len(titles))
    for row in history.traffic:
        served = f"{row.allocations / row.refills:.1f}" if row.refills else "-"
        figures = (row.refills, row.refilled, row.drains, row.drained, row.allocations, row.frees)
        cells = "".join(f"{figure:>12,}" for figure in figures)
        yield f"{f'CPU {row.cpu}':<14}{cells}{served:>12}"


def _living(history: PageHistory, lines: int | None) -> Iterator[str]:
    total = sum(owner.pages for owner in history.living)
    yield ""
    yield f"Never freed by the end: {total:,} pages taken in the trace"
    if isinstance(history.slabs, str):
        yield f"Which of them are slabs is not known: {history.slabs}"
    yield f"{'Pages':>10}{'Blocks':>10}  Owner (who took most)"
    rows = []
    for owner in history.living:
        most = ", ".join(f"{n} {pages:,}" for n, pages in owner.takers.most_common(MOST_TAKERS))
        rows.append(
            f"{owner.pages:>10,}{owner.blocks:>10,}  {owner.name}" + (f" ({most})" if most else "")
        )
    yield from _limited(rows, lines)


def _limited(rows: Sequence[str], lines: int | None) -> Iterator[str]:
    yield from rows[:lines]
    if lines is not None and len(rows) > lines:
        yield f"... {len(rows) - lines:,} more, see -l"
