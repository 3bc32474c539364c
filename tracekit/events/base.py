"""What an event is, and which class holds the facts of which grammar rule.

A class is registered for its grammar rules with ``@event("rule", ...)``; its field names are
those of the grammar. A fact that a line does not give is left at the field's default. Where
a wording needs more than that, the class has a class method
``from_fields(source, rule, fields)`` that returns the event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

from msgspec import Struct


class Source(NamedTuple):
    """Where a fact stands: file as opened, line (1-based), seconds since boot if known."""

    file: str
    line: int
    time: float | None = None


class Event(Struct, frozen=True):
    """One fact of a log. ``source`` says where it stands."""

    rules: ClassVar[tuple[str, ...]] = ()
    source: Source


EventClass = TypeVar("EventClass", bound=type[Event])
Builder = Callable[[Source, str, dict[str, Any]], Event]

_BUILDERS: dict[str, Builder] = {}
_OWNERS: dict[str, str] = {}


def event(*rules: str) -> Callable[[EventClass], EventClass]:
    """Register the decorated class as the one that holds the facts of these grammar rules."""

    def register(cls: EventClass) -> EventClass:
        name = f"{cls.__module__}.{cls.__qualname__}"
        for rule in rules:
            # The same class may come again where a test runner reloads modules.
            if _OWNERS.setdefault(rule, name) != name:
                raise ValueError(f"grammar rule {rule} has two event classes")
            _BUILDERS[rule] = getattr(cls, "from_fields", None) or _plain(cls)
        return cls

    return register


def _plain(cls: type[Event]) -> Builder:
    def build(source: Source, _rule: str, fields: dict[str, Any]) -> Event:
        return cls(source, **fields)

    return build


def builder(rule: str) -> Builder:
    """Return the function that makes the event of a grammar rule.

    Raises KeyError where no class is registered: a grammar rule without an event is a defect.
    """
    return _BUILDERS[rule]


def registered_rules() -> frozenset[str]:
    """Return the names of all grammar rules that have an event class."""
    return frozenset(_BUILDERS)
