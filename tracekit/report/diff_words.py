"""How a comparison's bytes and changes are put into words."""

from __future__ import annotations

from collections.abc import Sequence

from click import style

from tracekit.compare.change import Change

UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
WIDTH = 92


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


def from_to(change: Change) -> str:
    """Return both sides; two numbers that read the same are told in bytes."""
    before, after = plain(change.before), plain(change.after)
    if change.delta and before == after:
        before, after = f"{change.before:,} B", f"{change.after:,} B"
    return f"{before} -> {after}"


def painted(delta: int) -> str:
    """Return signed bytes, right-aligned, what was gained in red and what was lost in green."""
    return style(f"{signed(delta):>11}", fg="red" if delta > 0 else "green")


def words(change: Change) -> str:
    """Return both sides of a change of words; an option may be set without a value."""
    sides = (change.before, change.after)
    before, after = ("(absent)" if side is None else side or "(set)" for side in sides)
    return f"{before} -> {after}"


def option(change: Change) -> str:
    """Return a change of the command line as short as can be: -quiet, +mem=1G, cma=1M -> 2M."""
    before, after = (
        side if side is None else f"{change.subject}={side}" if side else change.subject
        for side in (change.before, change.after)
    )
    if before is None or after is None:
        return f"-{before}" if after is None else f"+{after}"
    return f"{before} -> {change.after or '(set)'}"


def as_many_as_fit(parts: Sequence[str], room: int) -> str:
    """Return the first parts that fit on a line of ``room`` characters, and how many do not."""
    told: list[str] = []
    for part in parts:
        room -= len(part) + 2
        if told and room < len(", and 99 more"):
            return f"{', '.join(told)}, and {len(parts) - len(told)} more"
        told.append(part)
    return ", ".join(told)
