"""The address space as a picture for the terminal: one row per part, one letter per use."""

from __future__ import annotations

from collections.abc import Sequence

from click import style

from tracekit.report.budget_text import human
from tracekit.report.map import FREE, HOLE, Stretch

COLOURS = ("cyan", "magenta", "yellow", "blue", "red", "bright_cyan", "bright_magenta",
           "bright_yellow", "bright_blue", "bright_red")  # fmt: skip
LETTERS = "KMPTILCHDSNFABEGJOQRUVWXYZ"
CELLS = 64


def letters(found: Sequence[Stretch]) -> dict[str, str]:
    """Return the letter of each use; free memory is a dot, a hole a blank."""
    chosen = {FREE: ".", HOLE: " ", "RAM": "#"}
    left = list(LETTERS)
    for kind in dict.fromkeys(s.kind for s in found):
        if kind not in chosen:
            own = kind.removeprefix("firmware: ")[0].upper()
            letter = own if own in left else (left[0] if left else "?")
            chosen[kind] = letter
            if letter in left:
                left.remove(letter)
    return chosen


def render_text(found: Sequence[Stretch], width: int = CELLS) -> str:
    """Return the picture with a legend, and below it every zone with its uses by size.

    Each bank of RAM (a run without a hole of more than its own size) is drawn to its own
    scale, ``width`` cells to a row; a cell shows the use of most of its bytes.
    """
    if not found:
        return "the log does not say what is at which address\n"
    marks = letters(found)
    lines = []
    for bank in banks(found):
        lines += _bank(bank, marks, width)
    lines.append("")
    lines += _legend(found, marks)
    return "\n".join(lines) + "\n"


def banks(found: Sequence[Stretch]) -> list[list[Stretch]]:
    """Return the stretches in runs that are cut at holes larger than what lies before them."""
    runs: list[list[Stretch]] = [[]]
    for stretch in found:
        extent = runs[-1][-1].end - runs[-1][0].start if runs[-1] else 0
        if stretch.kind == HOLE and stretch.size > max(extent, 16 << 20):
            runs.append([])
        else:
            runs[-1].append(stretch)
    return [run for run in runs if run]


def _bank(bank: Sequence[Stretch], marks: dict[str, str], width: int) -> list[str]:
    start, end = bank[0].start, bank[-1].end
    drawn_out = any(not s.kind.startswith("firmware") for s in bank)
    rows = min(max((end - start) // (64 << 20), 1), 16) if drawn_out else 1
    cell = -(-(end - start) // (rows * width))
    lines = [
        style(f"{start:#x}-{end - 1:#x}  {human(end - start)}, {human(cell)} a cell", bold=True)
    ]
    for row in range(start, end, cell * width):
        cells = (row + i * cell for i in range(width) if row + i * cell < end)
        drawn = "".join(_cell(bank, at, min(at + cell, end), marks) for at in cells)
        lines.append(f"{row:#018x} |{drawn.ljust(width)}|")
    return lines


def _cell(bank: Sequence[Stretch], start: int, end: int, marks: dict[str, str]) -> str:
    shares: dict[str, int] = {}
    for s in bank:
        if s.start < end and start < s.end:
            shares[s.kind] = shares.get(s.kind, 0) + min(s.end, end) - max(s.start, start)
    return marks[max(shares, key=lambda kind: shares[kind])] if shares else " "


def _legend(found: Sequence[Stretch], marks: dict[str, str]) -> list[str]:
    lines = []
    zones = dict.fromkeys(s.zone for s in found)
    for zone in zones:
        inside = [s for s in found if s.zone == zone and s.kind != HOLE]
        if not inside:
            continue
        span = f"{min(s.start for s in inside):#x}-{max(s.end for s in inside) - 1:#x}"
        lines.append(style(f"{zone or 'outside all zones'}  {span}", bold=True))
        sizes: dict[str, int] = {}
        for s in inside:
            sizes[s.kind] = sizes.get(s.kind, 0) + s.size
        for kind, size in sorted(sizes.items(), key=lambda item: -item[1]):
            lines.append(f"  {marks[kind]}  {human(size):>10}  {kind}")
    return lines
