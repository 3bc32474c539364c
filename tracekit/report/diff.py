"""The comparison of two boots as text: what was changed, why memory differs, the details."""

from __future__ import annotations

from collections.abc import Sequence

from click import style

from tracekit.compare.accounts import FREE
from tracekit.compare.causes import OUTCOMES, Cause, causes
from tracekit.compare.change import Account, Change, Comparison
from tracekit.report.diff_details import areas, details, ignored, moves, setting, state
from tracekit.report.diff_words import (
    WIDTH,
    as_many_as_fit,
    from_to,
    option,
    painted,
    plain,
    signed,
    words,
)

BYTES_AREAS = ("firmware", "memblock", "free")
HOLDERS = {
    ("slab", "cache"): "slab caches at the snapshot",
    ("calls", "slab"): "slab, by call site",
    ("calls", "percpu"): "percpu, by call site",
}
STATE = "what moves from boot to boot"
AROUND = "addresses, since the kernel image lies elsewhere"
MOST_CAUSES = 8


def render(comparison: Comparison) -> str:
    """Return the report; what was changed and what weighs most stand first."""
    found = causes(comparison.changes, BYTES_AREAS)
    parts = [
        _heading(comparison),
        areas(comparison.changes, "divergences"),
        _causes(found),
        _accounts(comparison.accounts),
        _snapshot(comparison),
        areas(comparison.changes, "later", "zones"),
        setting(comparison.setting),
        details(found),
        moves(comparison.changes, BYTES_AREAS),
        state(comparison),
        ignored(comparison),
    ]
    return "\n".join(part for part in parts if part)


# -- what was changed -----------------------------------------------------------------------


def _heading(comparison: Comparison) -> str:
    verdict = "same" if comparison.same else "differs"
    verdict += " as far as both tell" if comparison.same and comparison.reasons else ""
    painted_verdict = style(verdict, fg="green" if comparison.same else "yellow", bold=True)
    lines = [f"{painted_verdict}  {comparison.before} -> {comparison.after}"]
    told = [c for c in comparison.setting if c.kind == "boot" and c.subject != "build"]
    lines += [f"    {change.subject}: {words(change)}" for change in told]
    options = [option(c) for c in comparison.setting if c.kind == "command line"]
    lines += [f"    command line: {as_many_as_fit(options, WIDTH)}"] if options else []
    symbols = sum(change.kind == "configuration" for change in comparison.setting)
    lines += [f"    configuration: {symbols:,} symbols differ"] if symbols else []
    lines += [f"{style('hard to compare', fg='yellow')}: {why}" for why in comparison.reasons]
    return "\n".join(lines) + "\n"


# -- why memory differs ---------------------------------------------------------------------


def _causes(found: Sequence[Cause]) -> str:
    weighty = [cause for cause in found if cause.kind not in OUTCOMES and cause.delta]
    if not weighty:
        return ""
    lines = [style("memory that the boot takes, the biggest reasons first", bold=True)]
    for number, cause in enumerate(weighty[:MOST_CAUSES], 1):
        lines.append(f"{number:>3}. {painted(cause.delta)}  {cause.kind}: {_made_of(cause)}")
    rest = weighty[MOST_CAUSES:]
    if rest:
        names = ", ".join(cause.kind for cause in rest)
        lines.append(f"     {painted(sum(c.delta for c in rest))}  {len(rest)} more: {names}")
    return "\n".join(lines) + "\n"


def _snapshot(comparison: Comparison) -> str:
    """Sum up what was in use, and what KASLR moved; the tables further down name more."""
    if not comparison.state:
        return ""
    lines = [style(state_title(comparison), bold=True)]
    grown = [change for change in comparison.state if change.delta]
    for cause in causes(grown, ("slab", "calls")):
        name = HOLDERS[cause.area, cause.kind]
        lines.append(f"     {painted(cause.delta)}  {name}: {_made_of(cause)}")
    moved = [f"{c.subject} {from_to(c)}" for c in comparison.state if c.area == "moves"]
    lines += [f"     {AROUND}: {as_many_as_fit(moved, WIDTH)}"] if moved else []
    return "\n".join(lines) + "\n"


def state_title(comparison: Comparison) -> str:
    """Return the heading of what moves from boot to boot: does it decide the verdict?"""
    return STATE if comparison.state_counts else f"{STATE}, and decides nothing (--state lets it)"


def _made_of(cause: Cause) -> str:
    """Return the largest parts of a cause in words, as many as fit on the line."""
    if len(cause.changes) == 1:
        change = cause.changes[0]
        name = "" if _short(change) == cause.kind else f"{_short(change)} "
        return f"{name}{from_to(change)}"
    parts = [f"{_short(change)} {signed(change.delta)}" for change in cause.changes]
    return as_many_as_fit(parts, WIDTH - len(cause.kind))


def _short(change: Change) -> str:
    return change.subject.removeprefix("kernel ")


# -- the kernel's own numbers ---------------------------------------------------------------


def _accounts(accounts: Sequence[Account]) -> str:
    lines = [style("the kernel's own numbers, and what their difference is made of", bold=True)]
    for account in accounts:
        if account.delta or account.remainder:
            numbers = f"{plain(account.before)} -> {plain(account.after)}"
            lines.append(f"    {painted(account.delta)}  {account.name}: {numbers}")
            lines += [f"      {signed(size):>11}  {name}" for name, size in shown_terms(account)]
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def shown_terms(account: Account) -> list[tuple[str, int]]:
    """Return the parts of an account's difference; what is free is told by the causes above."""
    terms = list(account.parts) if account.name not in ("RAM", "free at the hand-off") else []
    if [name for name, _ in terms] in (["RAM"], [FREE]) and not account.remainder:
        return []
    terms.sort(key=lambda term: -abs(term[1]))
    rest = [(f"not explained: {account.remainder_name}", account.remainder)]
    return terms + (rest if account.remainder else [])
