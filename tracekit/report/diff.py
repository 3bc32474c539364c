"""The comparison of two boots as text: the setting, the accounts, the causes by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from click import style

from tracekit.compare.change import Account, Change, Comparison

MOST_DETAILS = 4
MOST_SETTING = 12
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
BYTES_AREAS = ("firmware", "memblock", "free")


def render(comparison: Comparison) -> str:
    """Return the report; what weighs most stands first."""
    parts = [
        _heading(comparison),
        _reasons(comparison),
        _setting(comparison.setting),
        _accounts(comparison.accounts),
        _memory(comparison.changes),
        *(_area(comparison.changes, area) for area in ("slab", "zones", "divergences", "moves")),
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
    return f"{painted}  {comparison.before} -> {comparison.after}\n"


def _reasons(comparison: Comparison) -> str:
    return "".join(f"{style('hard to compare', fg='yellow')}: {r}\n" for r in comparison.reasons)


def _setting(changes: Sequence[Change]) -> str:
    if not changes:
        return ""
    plain_ones = [change for change in changes if change.kind != "configuration"]
    config = [change for change in changes if change.kind == "configuration"]
    lines = [style("setting", bold=True)]
    for change in plain_ones[:MOST_SETTING]:
        lines.append(f"    {change.kind} {change.subject}: {_words(change)}")
    if config:
        names = ", ".join(change.subject for change in config[:MOST_DETAILS])
        lines.append(f"    configuration: {len(config)} symbols differ ({names}, ...)")
    return "\n".join(lines) + "\n"


def _words(change: Change) -> str:
    sides = (change.before, change.after)
    before, after = ("(absent)" if side is None else side or "(set)" for side in sides)
    return f"{before} -> {after}"


def _accounts(accounts: Sequence[Account]) -> str:
    if not any(account.delta for account in accounts):
        return ""
    lines = [style("accounts", bold=True)]
    for account in accounts:
        numbers = f"{plain(account.before):>10} -> {plain(account.after):>10}"
        lines.append(f"    {signed(account.delta):>11}  {account.name:20} {numbers}")
        if account.remainder:
            name = account.remainder_name
            lines.append(f"    {signed(account.remainder):>11}    of it {name}")
    return "\n".join(lines) + "\n"


def _memory(changes: Sequence[Change]) -> str:
    kinds: dict[str, list[Change]] = {}
    for change in changes:
        if change.area in BYTES_AREAS:
            kinds.setdefault(change.kind, []).append(change)
    if not kinds:
        return ""
    order = sorted(kinds.items(), key=lambda pair: -abs(sum(c.delta for c in pair[1])))
    lines = [style("memory by cause", bold=True)]
    for kind, group in order:
        lines += _kind(kind, group)
    return "\n".join(lines) + "\n"


def _kind(kind: str, group: Sequence[Change]) -> Iterator[str]:
    total = sum(change.delta for change in group)
    painted = style(f"{signed(total):>11}", fg="red" if total > 0 else "green")
    yield f"    {painted}  {kind}"
    for change in group[:MOST_DETAILS]:
        numbers = f"{plain(change.before)} -> {plain(change.after)}"
        yield f"      {signed(change.delta):>11}  {change.subject} ({change.verb}: {numbers})"
    if len(group) > MOST_DETAILS:
        rest = sum(change.delta for change in group[MOST_DETAILS:])
        yield f"      {signed(rest):>11}  {len(group) - MOST_DETAILS} more"


def _area(changes: Sequence[Change], area: str) -> str:
    group = [change for change in changes if change.area == area]
    if not group:
        return ""
    lines = [style(f"{area}: {len(group)}", bold=True)]
    for change in group[: 3 * MOST_DETAILS]:
        size = f"{signed(change.delta):>11}  " if change.is_bytes else ""
        facts = f"{plain(change.before)} -> {plain(change.after)}"
        lines.append(f"    {size}{change.subject}: {facts}")
    if len(group) > 3 * MOST_DETAILS:
        lines.append(f"    and {len(group) - 3 * MOST_DETAILS} more (--format json lists all)")
    return "\n".join(lines) + "\n"


def _ignored(comparison: Comparison) -> str:
    if not comparison.ignored:
        return ""
    lines = [style(f"{len(comparison.ignored)} ignored", bold=True)]
    lines += [f"    {change.key}: {reason}" for change, reason in comparison.ignored]
    return "\n".join(lines) + "\n"
