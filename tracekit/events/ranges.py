"""Facts about a range of physical memory: one way of holding all the ways of printing it.

Grammars name the ends of a range by what they mean: ``first`` and ``last`` (inclusive),
``base`` and ``end`` (end exclusive), ``base`` with ``size``, ``kib`` or ``mib``, or
``start_pfn`` and ``end_pfn`` with the page size of the one architecture that prints them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from tracekit.events.base import Event, Source

KIB = 1 << 10
MIB = 1 << 20


class RangeEvent(Event, frozen=True):
    """A range of physical memory in bytes, ``end`` exclusive; empty where both are equal."""

    page_size: ClassVar[int] = 4 * KIB
    start: int
    end: int

    @property
    def range(self) -> tuple[int, int]:
        """The range as (start, end), end exclusive."""
        return self.start, self.end

    @property
    def size(self) -> int:
        """Bytes in the range."""
        return self.end - self.start

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> Self:
        """Return the event with its range brought to bytes and an exclusive end."""
        start, end = take_range(fields, cls.page_size)
        return cls(source, start, end, **fields)


def take_range(fields: dict[str, Any], page_size: int = 4 * KIB) -> tuple[int, int]:
    """Remove the range from the fields of a line; return (start, end), end exclusive.

    Raises KeyError where the fields hold no range.
    """
    if "first" in fields:
        return fields.pop("first"), fields.pop("last") + 1
    if "start_pfn" in fields:
        return fields.pop("start_pfn") * page_size, fields.pop("end_pfn") * page_size
    start = fields.pop("base")
    for name, unit in (("size", 1), ("kib", KIB), ("mib", MIB)):
        if name in fields:
            return start, start + fields.pop(name) * unit
    return start, fields.pop("end")
