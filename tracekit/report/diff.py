"""The comparison of two boots as text: why memory differs first, the details after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from click import style

from tracekit.compare.causes import OUTCOMES, Cause, causes
from tracekit.compare.change import Account, Change, Comparison

BYTES_AREAS = ("firmware", "memblock", "free")
OBJECTS = {
    "slab": "slab caches at the snapshot",
    "calls": "call sites, by the bytes that live at the end",
}
HOLDERS = {
    ("slab", "cache"): "slab caches",
    ("calls", "slab"): "slab, by call site",
    ("calls", "percpu"): "percpu, by call site",
}
MOVED = "reservations of {} owners lie elsewhere, as they must when others change in size"
MOST_CAUSES = 8
MOST_DETAILS = 4
MOST_SETTING = 12
MOST_OBJECTS = 10
WIDTH = 92
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def render(comparison: Comparison) -> str:
    """Return the report; what weighs most stands first."""
    found = causes(comparison.changes, BYTES_AREAS)
    parts = [
        _heading(comparison),
        _causes(found),
        _snapshot(comparison.changes),
        _accounts(comparison.accounts),
        *(_objects(comparison.changes, area, title) for area, title in OBJECTS.items()),
        *(_area(comparison.changes, area) for area in ("divergences", "zones")),
        _setting(comparison.setting),
        _details(found),
        _moves(comparison),
        _ignored(comparison),
    ]
    return "\n".join(part for part in parts if part)


def signed(count: int) -> str:
    """Return bytes with sign, in the unit that reads best."""
    for unit, name in UNITS:
        if abs(count) >= unit:
            return f"{count / unit:+,.1f} {name}"
    return f"{count:+,} B"


def plain(count: int | str | None) -> str:
    """Return bytes (or words) without sign; a dash for nothing."""
    if count is None:
        return "-"
    return count if isinstance(count, str) else signed(count)[1:]


def _heading(comparison: Comparison) -> str:
    verdict = "same" if comparison.same else "differs"
    painted = style(verdict, fg="green" if comparison.same else "yellow", bold=True)
    lines = [f"{painted}  {comparison.before} -> {comparison.after}"]
    told = [c for c in comparison.setting if c.kind == "boot" and c.subject != "build"]
    lines += [f"    {change.subject}: {_words(change)}" for change in told]
    lines += [f"{style('hard to compare', fg='yellow')}: {why}" for why in comparison.reasons]
    return "\n".join(lines) + "\n"


# -- why memory differs ---------------------------------------------------------------------


def _causes(found: Sequence[Cause]) -> str:
    weighty = [cause for cause in found if cause.kind not in OUTCOMES and cause.delta]
    if not weighty:
        return ""
    lines = [style("memory that the boot takes, the biggest reasons first", bold=True)]
    for number, cause in enumerate(weighty[:MOST_CAUSES], 1):
        lines.append(f"{number:>3}. {_painted(cause.delta)}  {cause.kind}: {_made_of(cause)}")
    rest = weighty[MOST_CAUSES:]
    if rest:
        names = ", ".join(cause.kind for cause in rest)
        lines.append(f"     {_painted(sum(c.delta for c in rest))}  {len(rest)} more: {names}")
    return "\n".join(lines) + "\n"


def _snapshot(changes: Sequence[Change]) -> str:
    """Sum up what slab and percpu hold; the tables further down name more."""
    found = causes(changes, tuple(OBJECTS))
    if not found:
        return ""
    lines = [style("what the allocators hold at the snapshot", bold=True)]
    for cause in found:
        name = HOLDERS[cause.area, cause.kind]
        lines.append(f"     {_painted(cause.delta)}  {name}: {_made_of(cause)}")
    return "\n".join(lines) + "\n"


def _painted(delta: int) -> str:
    return style(f"{signed(delta):>11}", fg="red" if delta > 0 else "green")


def _made_of(cause: Cause) -> str:
    """Return the largest parts of a cause in words, as many as fit on the line."""
    room = WIDTH - len(cause.kind)
    told: list[str] = []
    for change in cause.changes:
        part = f"{_short(change)} {signed(change.delta)}"
        if len(cause.changes) == 1:
            part = f"{_short(change)} {plain(change.before)} -> {plain(change.after)}"
        room -= len(part) + 2
        if told and room < len(", and 99 more"):
            return f"{', '.join(told)}, and {len(cause.changes) - len(told)} more"
        told.append(part)
    return ", ".join(told)


def _short(change: Change) -> str:
    return change.subject.removeprefix("kernel ")


def _details(found: Sequence[Cause]) -> str:
    if not found:
        return ""
    lines = [style("memory by cause, in detail", bold=True)]
    for cause in found:
        lines.append(f"    {_painted(cause.delta)}  {cause.kind}")
        lines += _parts(cause)
    return "\n".join(lines) + "\n"


def _parts(cause: Cause) -> Iterator[str]:
    for change in cause.changes[:MOST_DETAILS]:
        numbers = f"{plain(change.before)} -> {plain(change.after)}"
        yield f"      {signed(change.delta):>11}  {change.subject} ({change.verb}: {numbers})"
    rest = cause.changes[MOST_DETAILS:]
    if rest:
        yield f"      {signed(sum(change.delta for change in rest)):>11}  {len(rest)} more"


# -- the kernel's own numbers ---------------------------------------------------------------


def _accounts(accounts: Sequence[Account]) -> str:
    lines = [style("the kernel's own numbers, and what their difference is made of", bold=True)]
    for account in accounts:
        if account.delta or account.remainder:
            numbers = f"{plain(account.before)} -> {plain(account.after)}"
            lines.append(f"    {_painted(account.delta)}  {account.name}: {numbers}")
            lines += [f"      {signed(size):>11}  {name}" for name, size in shown_terms(account)]
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def shown_terms(account: Account) -> list[tuple[str, int]]:
    """Return the parts of an account's difference; what is free is told by the causes above."""
    terms = list(account.parts) if account.name not in ("RAM", "free at the hand-off") else []
    if len(terms) == 1 and not account.remainder:
        return []
    terms.sort(key=lambda term: -abs(term[1]))
    rest = [(f"not explained: {account.remainder_name}", account.remainder)]
    return terms + (rest if account.remainder else [])


# -- everything else ------------------------------------------------------------------------


def _setting(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    plain_ones = [change for change in changes if change.kind != "configuration"]
    config = [change for change in changes if change.kind == "configuration"]
    lines = [style("setting", bold=True)]
    for change in plain_ones[:MOST_SETTING]:
        lines.append(f"    {change.kind} {change.subject}: {_words(change)}")
    if len(plain_ones) > MOST_SETTING:
        lines.append(f"    and {len(plain_ones) - MOST_SETTING} more (--format json lists all)")
    if config:
        names = ", ".join(change.subject for change in config[:MOST_DETAILS])
        lines.append(f"    configuration: {len(config)} symbols differ ({names}, ...)")
    return "\n".join(lines) + "\n"


def _words(change: Change) -> str:
    sides = (change.before, change.after)
    before, after = ("(absent)" if side is None else side or "(set)" for side in sides)
    return f"{before} -> {after}"


def _objects(changes: Sequence[Change], area: str, title: str) -> str:
    group = [change for change in changes if change.area == area]
    if not group:
        return ""
    total = sum(change.delta for change in group)
    lines = [style(f"{title}: {signed(total)} in {len(group)} that differ", bold=True)]
    for change in group[:MOST_OBJECTS]:
        numbers = f"{plain(change.before)} -> {plain(change.after)}, {change.note}"
        lines.append(f"    {_painted(change.delta)}  {change.subject} ({numbers})")
    rest = group[MOST_OBJECTS:]
    if rest:
        delta = sum(change.delta for change in rest)
        lines.append(f"    {_painted(delta)}  {len(rest)} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def _area(changes: Sequence[Change], area: str) -> str:
    group = [change for change in changes if change.area == area]
    if not group:
        return ""
    lines = [style(f"{area}: {len(group)}", bold=True)]
    for change in group[:MOST_SETTING]:
        lines.append(f"    {change.subject}: {plain(change.before)} -> {plain(change.after)}")
    if len(group) > MOST_SETTING:
        lines.append(f"    and {len(group) - MOST_SETTING} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def _moves(comparison: Comparison) -> str:
    """Tell what lies elsewhere; one line where that follows from all the rest."""
    count = moved_by_others(comparison)
    if count:
        return f"{style('moves', bold=True)}: {MOVED.format(count)} (--only moves lists them)\n"
    return _area(comparison.changes, "moves")


def moved_by_others(comparison: Comparison) -> int:
    """Return how many owners' reservations lie elsewhere because others changed in size."""
    resized = any(change.area in BYTES_AREAS for change in comparison.changes)
    return sum(change.area == "moves" for change in comparison.changes) if resized else 0


def _ignored(comparison: Comparison) -> str:
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
