"""One complaint of the kernel, before it is entered into a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

from tracekit.boot import Boot
from tracekit.events.base import Event, Source
from tracekit.replay.ledger import Ledger

Wanted = TypeVar("Wanted", bound=Event)
# A report of the kernel is seldom longer than this, in lines.
REPORT = 120


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the kernel said (``logged``), and what the replay knows of it (``known``).

    ``why`` is what the two mean together, ``related`` are other lines that belong to it.
    """

    code: str
    allocator: str
    line: Source
    subject: str
    logged: str
    known: str
    why: str = ""
    related: tuple[Source, ...] = ()

    def enter(self, ledger: Ledger) -> None:
        """Report the complaint as a note."""
        ledger.report(
            self.code,
            self.line,
            self.subject,
            logged=self.logged,
            simulated=self.known,
            explanation=self.why,
            related=self.related,
        )


def following(boot: Boot, event: Event, kind: type[Wanted]) -> Iterator[Wanted]:
    """Yield the events of ``kind`` in the report that ``event`` begins.

    A report ends where another of its own kind begins, or after as many lines as reports have.
    """
    own, line = type(event), event.source.line
    after = (e for e in boot.events if e.source.file == event.source.file and e.source.line > line)
    report = takewhile(lambda e: type(e) is not own and e.source.line < line + REPORT, after)
    return (e for e in report if isinstance(e, kind))


def first(events: Iterable[Wanted]) -> Wanted | None:
    """Return the first event, or None."""
    return next(iter(events), None)
