"""Line-level damage to logs, as transports, editors and broken firmware do it."""

from __future__ import annotations

import re

from hypothesis import strategies as st

NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")
RANGE = re.compile(r"(0x[0-9a-f]+)( ?- ?)(0x[0-9a-f]+)")
NUMBERS = (
    "0", "-1", "", "1", "128", "0x0", "0x1001", "4294967296", "0xfffffffffffff000",
    "0xffffffffffffffff", "18446744073709551615", "0x10000000000000000", "9" * 40,
)  # fmt: skip
GARBAGE = ("", "\x00\x1b[31m", "[", "] ] ]", "[    0.000000]", "\u20ac{}%s", "memblock_add: [")
# where printk's time ends and the message begins
MESSAGE = 15


def drop(lines: list[str], at: int, count: int) -> list[str]:
    """Lose ``count`` lines."""
    return lines[:at] + lines[at + count :]


def swap(lines: list[str], at: int, other: int) -> list[str]:
    """Exchange two lines."""
    changed = list(lines)
    other %= len(lines)
    changed[at], changed[other] = changed[other], changed[at]
    return changed


def double(lines: list[str], at: int, count: int) -> list[str]:
    """Print a stretch of lines twice."""
    return lines[: at + count] + lines[at:]


def cut(lines: list[str], at: int, length: int) -> list[str]:
    """Cut a line."""
    return [*lines[:at], lines[at][:length], *lines[at + 1 :]]


def renumber(lines: list[str], at: int, which: int) -> list[str]:
    """Replace one number of a line by an extreme one."""
    line = lines[at]
    found = list(NUMBER.finditer(line, min(MESSAGE, len(line))))
    if not found:
        return lines
    match = found[which % len(found)]
    line = line[: match.start()] + NUMBERS[which % len(NUMBERS)] + line[match.end() :]
    return [*lines[:at], line, *lines[at + 1 :]]


def nudge(lines: list[str], at: int, which: int) -> list[str]:
    """Change one number of a line a little, so that the line still looks right."""
    line = lines[at]
    found = list(NUMBER.finditer(line, min(MESSAGE, len(line))))
    if not found:
        return lines
    match = found[which % len(found)]
    step = (1, -1, 0x1000, -0x1000, 64, 1 << 20, 1 << 30)[which % 7]
    if match[0].startswith("0x"):
        text = f"0x{max(int(match[0], 16) + step, 0):0{len(match[0]) - 2}x}"
    else:
        text = str(max(int(match[0]) + step, 0))
    return [*lines[:at], line[: match.start()] + text + line[match.end() :], *lines[at + 1 :]]


def invert(lines: list[str], at: int, _which: int) -> list[str]:
    """Exchange the ends of a line's ranges."""
    return [*lines[:at], RANGE.sub(r"\3\2\1", lines[at]), *lines[at + 1 :]]


def litter(lines: list[str], at: int, which: int) -> list[str]:
    """Put garbage before a line."""
    return [*lines[:at], GARBAGE[which % len(GARBAGE)], *lines[at:]]


def head(lines: list[str], at: int, _which: int) -> list[str]:
    """Keep the first lines."""
    return lines[: at + 1]


def tail(lines: list[str], at: int, _which: int) -> list[str]:
    """Keep the last lines."""
    return lines[at:]


MUTATIONS = (drop, swap, double, cut, renumber, renumber, nudge, nudge, invert, litter, head, tail)

# a place (as a share of the log), a mutation, and what it is done with
damage = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(MUTATIONS), st.integers(0, 80)),
    min_size=1,
    max_size=6,
)
