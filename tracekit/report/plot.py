"""A small plot in plain characters, for any terminal and any mail."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 64, 8
NO_VALUE = " "
MARK, BELOW = "*", ":"


def spread(values: Sequence[float | None], width: int = WIDTH) -> list[float | None]:
    """Return ``width`` of the values at most, evenly chosen, the last one among them."""
    if len(values) <= width:
        return list(values)
    return [values[(i + 1) * len(values) // width - 1] for i in range(width)]


def plot(values: Sequence[float | None], *, floor: float | None = None) -> list[str]:
    """Return the lines of a plot, the largest value on top; None leaves a column empty.

    ``floor`` is the value of the lowest line, the smallest value by default.
    """
    columns = spread(values)
    known = [value for value in columns if value is not None]
    if not known:
        return []
    low, high = min(known) if floor is None else floor, max(known)
    levels = [None if v is None else _level(v, low, high) for v in columns]
    labels = {HEIGHT - 1: f"{high:,.0f}", 0: f"{low:,.0f}"}
    margin = max(map(len, labels.values()))
    return [
        f"{labels.get(level, ''):>{margin}} |"
        + "".join(_cell(found, level) for found in levels).rstrip()
        for level in reversed(range(HEIGHT))
    ]


def _level(value: float, low: float, high: float) -> int:
    if high <= low:
        return 0
    return round((value - low) / (high - low) * (HEIGHT - 1))


def _cell(found: int | None, level: int) -> str:
    if found is None or level > found:
        return NO_VALUE
    return MARK if level == found else BELOW


def digits(values: Sequence[float | None]) -> str:
    """Return one digit for each column of a plot: 0 to 9, ``a`` and on for more, ``-`` for none."""
    shown = ["-" if v is None or v < 0 else _digit(round(v)) for v in spread(values)]
    return "".join(shown)


def _digit(value: int) -> str:
    return str(value) if value < 10 else chr(ord("a") + min(value - 10, 25))
