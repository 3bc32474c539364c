"""What stands below the reasons of a comparison: parts, settings, moves, and what is in use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from click import style

from tracekit.compare.causes import Cause
from tracekit.compare.change import Change, Comparison
from tracekit.report.diff_words import WIDTH, from_to, option, painted, signed, words

OBJECTS = {
    "slab": "slab caches at the snapshot",
    "calls": "call sites, by the bytes that live at the end",
}
TITLES = {
    "divergences": "what the replay finds in one boot and not in the other",
    "later": "given to the page allocator after the hand-off",
    "zones": "zones",
    "moves": "moves",
    "slab": "slab caches of another shape",
}
MOVED = "reservations of {} owners lie elsewhere, as they must when others change in size"
MOST_DETAILS = 4
MOST_LINES = 12
MOST_OBJECTS = 10


def details(found: Sequence[Cause]) -> str:
    """Return every cause with its largest parts."""
    if not found:
        return ""
    lines = [style("memory by cause, in detail", bold=True)]
    for cause in found:
        lines.append(f"    {painted(cause.delta)}  {cause.kind}")
        lines += _parts(cause)
    return "\n".join(lines) + "\n"


def _parts(cause: Cause) -> Iterator[str]:
    for change in cause.changes[:MOST_DETAILS]:
        told = f"{change.subject} ({change.verb}: {from_to(change)})"
        yield f"      {signed(change.delta):>11}  {told}"
    rest = cause.changes[MOST_DETAILS:]
    if rest:
        yield f"      {signed(sum(change.delta for change in rest)):>11}  {len(rest)} more"


def setting(changes: Sequence[Change]) -> str:
    """Return what differs around the boots, as far as the heading has no room for it."""
    lines = [style("setting", bold=True)]
    lines += [f"    {c.subject}: {words(c)}" for c in changes if c.subject == "build"]
    options = [change for change in changes if change.kind == "command line"]
    if len(", ".join(map(option, options))) <= WIDTH:
        options = []  # The heading told them all.
    lines += [f"    option {change.subject}: {words(change)}" for change in options[:MOST_LINES]]
    lines += _more(len(options) - MOST_LINES)
    symbols = [change for change in changes if change.kind == "configuration"]
    if symbols:
        names = ", ".join(change.subject for change in symbols[:MOST_DETAILS])
        lines.append(f"    configuration: {names}, ... (--format json lists all)")
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def areas(changes: Sequence[Change], *names: str) -> str:
    """Return the changes of these areas, one to a line."""
    return "\n".join(filter(None, (_area(changes, name) for name in names)))


def _area(changes: Sequence[Change], area: str) -> str:
    group = [change for change in changes if change.area == area]
    if not group:
        return ""
    lines = [style(f"{TITLES[area]}: {len(group)}", bold=True)]
    lines += [f"    {change.subject}: {from_to(change)}" for change in group[:MOST_LINES]]
    return "\n".join([*lines, *_more(len(group) - MOST_LINES)]) + "\n"


def _more(count: int) -> list[str]:
    return [f"    and {count} more (--format json lists all)"] if count > 0 else []


def moves(changes: Sequence[Change], sized: Collection[str]) -> str:
    """Return what lies elsewhere; one line where that follows from all the rest."""
    count = moved_by_others(changes, sized)
    if count:
        return f"{style('moves', bold=True)}: {MOVED.format(count)} (--only moves lists them)\n"
    return _area(changes, "moves")


def moved_by_others(changes: Sequence[Change], sized: Collection[str]) -> int:
    """Return how many owners' reservations lie elsewhere because others changed in size."""
    resized = any(change.area in sized for change in changes)
    return sum(change.area == "moves" for change in changes) if resized else 0


def state(comparison: Comparison) -> str:
    """Return caches of another shape, then what was in use: of equal boots only on request."""
    shapes = _area(comparison.changes, "slab")
    if comparison.same:
        return shapes
    tables = (_objects(comparison.state, area, title) for area, title in OBJECTS.items())
    return "\n".join(filter(None, (shapes, *tables)))


def _objects(changes: Sequence[Change], area: str, title: str) -> str:
    group = [change for change in changes if change.area == area]
    if not group:
        return ""
    total = sum(change.delta for change in group)
    lines = [style(f"{title}: {signed(total)} in {len(group)} that differ", bold=True)]
    for change in group[:MOST_OBJECTS]:
        numbers = f"{from_to(change)}, {change.note}"
        lines.append(f"    {painted(change.delta)}  {change.subject} ({numbers})")
    rest = group[MOST_OBJECTS:]
    if rest:
        delta = sum(change.delta for change in rest)
        lines.append(f"    {painted(delta)}  {len(rest)} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def ignored(comparison: Comparison) -> str:
    """Return what the ignore file excuses, by reason."""
    if not comparison.ignored:
        return ""
    reasons: dict[str, list[Change]] = {}
    for change, why in comparison.ignored:
        reasons.setdefault(why, []).append(change)
    lines = [style(f"{len(comparison.ignored)} ignored", bold=True)]
    for why, group in reasons.items():
        names = ", ".join(change.key for change in group[:MOST_DETAILS])
        more = f", and {len(group) - MOST_DETAILS} more" if len(group) > MOST_DETAILS else ""
        lines.append(f"    {why}: {names}{more}")
    return "\n".join(lines) + "\n"
