"""What came of each check, kept apart from the ledger so that a replay can be tried twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.events.base import Source

MATCHED, INFERRED, DIVERGED, UNCHECKED = "matched", "inferred", "diverged", "unchecked"


@dataclass(frozen=True, slots=True)
class Parting:
    """Where log and rules part ways: what a divergence will say."""

    code: str
    line: Source
    subject: str
    logged: str
    simulated: str
    explanation: str = ""
    alternatives: tuple[str, ...] = ()
    related: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check: its kind (address, free, first_dump, dump), how it came out, and why."""

    kind: str
    status: str
    reason: str = ""
    parting: Parting | None = None


@dataclass(slots=True)
class Outcomes:
    """All checks of one run, in order."""

    checks: list[Outcome] = field(default_factory=list)

    def matched(self, kind: str) -> None:
        """The prediction is what the log shows."""
        self.checks.append(Outcome(kind, MATCHED))

    def inferred(self, kind: str) -> None:
        """Known only from the line itself."""
        self.checks.append(Outcome(kind, INFERRED))

    def unchecked(self, kind: str, reason: str) -> None:
        """Nothing decides it."""
        self.checks.append(Outcome(kind, UNCHECKED, reason))

    def diverged(self, kind: str, parting: Parting) -> None:
        """The log shows something else."""
        self.checks.append(Outcome(kind, DIVERGED, parting=parting))

    @property
    def partings(self) -> list[Parting]:
        """The divergences in order."""
        return [check.parting for check in self.checks if check.parting is not None]


def span(start: int, end: int) -> str:
    """A range as the kernel's dumps print it, last byte inclusive."""
    return f"[{start:#x}-{end - 1:#x}]" if end > start else f"[{start:#x}, empty]"
