"""A contradiction in the memory map, before it is entered into memblock's ledger."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.divergence import Severity
from tracekit.events.base import Source
from tracekit.replay.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the map's lines say against each other (see codes/maps.toml).

    ``logged`` is what a line says, ``expected`` what the others imply, ``related`` are the
    lines on the other side.
    """

    code: str
    line: Source
    subject: str
    logged: str
    expected: str
    related: tuple[Source, ...] = ()
    severity: Severity | None = None
    alternatives: tuple[str, ...] = ()

    def enter(self, ledger: Ledger) -> None:
        """Report the finding, unless its very line already has one of this code."""
        if any(d.code == self.code and d.line == self.line for d in ledger.divergences):
            return
        ledger.report(
            self.code,
            self.line,
            self.subject,
            logged=self.logged,
            simulated=self.expected,
            severity=self.severity,
            alternatives=self.alternatives,
            related=self.related,
        )


def mem(start: int, end: int) -> str:
    """Return a range (end exclusive) as the kernel prints it: ``[mem 0x..-0x..]``."""
    if end <= start:
        return f"[nothing at {start:#x}]"
    return f"[mem {start:#x}-{end - 1:#x}]"


def amount(size: int) -> str:
    """Return a size in the largest unit that leaves it whole."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"
