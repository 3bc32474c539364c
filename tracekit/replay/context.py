"""What the drivers of one replay share: the boot, the ledgers, and what is handed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from tracekit.boot import Boot
from tracekit.replay.ledger import Ledger

Handed = TypeVar("Handed")


@dataclass(slots=True)
class Context:
    """The state of one replay in progress.

    A driver reads ``boot``, enters its results in ``ledger(name)``, and leaves what a later
    allocator starts from with ``hand_over``; the later one takes it with ``take``. ``wanted``
    are the moments whose free lists the report shall show (``handoff``, ``snapshot``, a line
    number of the trace).
    """

    boot: Boot
    wanted: tuple[str, ...] = ()
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    _handed: dict[type, Any] = field(default_factory=dict)

    def ledger(self, name: str) -> Ledger:
        """Return the ledger of an allocator, begun empty where there is none yet."""
        return self.ledgers.setdefault(name, Ledger(name))

    def hand_over(self, thing: object) -> None:
        """Leave ``thing`` for later drivers, which find it by its class."""
        self._handed[type(thing)] = thing

    def take(self, kind: type[Handed]) -> Handed | None:
        """Return what an earlier driver handed over of this class, or None."""
        thing = self._handed.get(kind)
        return thing if isinstance(thing, kind) else None
