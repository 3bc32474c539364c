"""What a grammar rule is lowered to: what reading lines needs, and no more than that."""

from __future__ import annotations

from typing import NamedTuple

# What the name of a terminal says of its type. Base 0 is base 16 behind 0x and else base 10;
# a negative base is the number -1 - base itself, written in words: (null) is 0, true is 1. HIDDEN
# is a number that is there but not shown.
BASES = {"HEX": 16, "DEC": 10, "AUTO": 0, "ZERO": -1, "ONE": -2, "HIDDEN": -3}
HIDDEN = BASES["HIDDEN"]


class Rule(NamedTuple):
    """One event rule, lowered.

    ``regex`` matches the whole line, ``groups`` maps its groups to fields with the base of
    their number (None for text), ``prefixes`` are the texts that such a line can begin with,
    ``required`` are the fields that every such line shows. A line that can begin with
    anything (``prefixes`` holds "") is known by ``needle``, a text inside it.
    """

    grammar: str
    name: str
    regex: str
    groups: tuple[tuple[str, str, int | None], ...]
    prefixes: tuple[str, ...]
    required: tuple[str, ...] = ()
    needle: str = ""


def number_base(terminal: str) -> int | None:
    """Return the base of the number that a terminal of this name stands for, or None for text.

    The name carries the type by how it begins, see BASES.
    """
    return next((base for start, base in BASES.items() if terminal.startswith(start)), None)


def to_number(text: str | bytes, base: int) -> int:
    """Return the number that a field of this base shows. Raises ValueError where it is none."""
    return int(text, base) if base >= 0 else -1 - base
