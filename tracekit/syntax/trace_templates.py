"""Events that differ in nothing but their pointer: read once, and known when they come again.

An event of the slab allocators is mostly that of an earlier line with another pointer. What
stands before and behind the pointer is a template; its values are read with the kind's
expression when it first comes.
"""

from __future__ import annotations

from binascii import Error as NotHexError
from binascii import unhexlify
from collections.abc import Callable, Sequence
from struct import unpack

from tracekit.syntax.kinds import EventRule
from tracekit.syntax.trace_line import read_event

POINTER = b" ptr="
FIELD = "ptr"
DIGITS = 16
# a kind whose events have more templates than this has too few events of each
MOST = 1 << 14
# the lowest and the highest pointer, and what columns hold for them
PROBES = ((b"0" * DIGITS, 0), (b"f" * DIGITS, -1))


class Templates(dict[tuple[bytes, bytes], tuple[int, ...] | None]):
    """The templates of one kind, as what stands before and behind the pointer.

    A value holds the fields in the order of Kind.fields, the pointer's own is 0; it is None
    where the expression does not read such events, or reads another number as the pointer.
    """

    def __init__(self, slot: int, intern: Callable[[bytes], int]) -> None:
        super().__init__()
        self.slot = slot
        self._intern = intern

    def __missing__(self, key: tuple[bytes, bytes]) -> tuple[int, ...] | None:
        before, behind = key
        values: list[int | bytes] = []
        for digits, number in PROBES:
            found = read_event(before + POINTER + digits + behind)
            if found is None or found[1][self.slot] != number:
                self[key] = None
                return None
            values = found[1]
        values[self.slot] = 0
        numbers = tuple(v if isinstance(v, int) else self._intern(v) for v in values)
        self[key] = numbers
        return numbers

    def columns(self, events: Sequence[bytes]) -> list[Sequence[int]] | None:
        """Return the columns of these events, None where that does not go for all of them."""
        if len(self) > MOST:
            return None
        before, _, rests = zip(*[event.partition(POINTER) for event in events], strict=True)
        pointers = addresses([rest[:DIGITS] for rest in rests])
        if pointers is None:
            return None
        behind = [rest[DIGITS:] for rest in rests]
        rows = list(map(self.__getitem__, zip(before, behind, strict=True)))
        if None in rows:
            return None
        found: list[Sequence[int]] = list(zip(*rows, strict=True))
        found[self.slot] = pointers
        return found


def templates(rule: EventRule, intern: Callable[[bytes], int]) -> Templates | None:
    """Return empty templates for the events of a rule, None where they show no pointer."""
    slots = [
        slot
        for (slot, base), (_, field, _) in zip(rule.slots, rule.rule.groups, strict=True)
        if field == FIELD and base == 16
    ]
    return Templates(slots[0], intern) if slots else None


def addresses(texts: Sequence[bytes]) -> Sequence[int] | None:
    """Return the numbers, signed, of texts of sixteen digits in hex; None if one is no such."""
    digits = b"".join(texts)
    if len(digits) != DIGITS * len(texts) or max(map(len, texts)) != DIGITS:
        return None
    try:
        return unpack(f">{len(texts)}q", unhexlify(digits))
    except NotHexError:
        return None
