"""The account of one allocator's replay: what was checked, how it came out, what was inferred.

Every event of a kind is entered exactly once, as matched, inferred, diverged or unchecked, so
that ``events = checked + unchecked`` and ``checked = matched + inferred + diverged`` hold by
construction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracekit.divergence import Divergence, Inference, Severity, lookup
from tracekit.events.base import Source


@dataclass(slots=True)
class Checks:
    """The count of one kind of check."""

    matched: int = 0
    inferred: int = 0
    diverged: int = 0
    unchecked: Counter[str] = field(default_factory=Counter)

    @property
    def checked(self) -> int:
        """Events whose outcome was predicted and compared."""
        return self.matched + self.inferred + self.diverged

    @property
    def events(self) -> int:
        """All events of the kind."""
        return self.checked + self.unchecked.total()


@dataclass(slots=True)
class Ledger:
    """What the replay of one allocator found.

    ``name`` is the allocator's name in the report, ``events`` the number of its events in
    the input, ``state`` what the report shows of its end state.
    """

    name: str
    events: int = 0
    checks: dict[str, Checks] = field(default_factory=dict)
    inferences: list[Inference] = field(default_factory=list)
    divergences: list[Divergence] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    _counted: list[tuple[str, int, Divergence]] = field(default_factory=list, repr=False)

    def kind(self, kind: str) -> Checks:
        """Return the count of a kind of check, begun at zero where there is none yet."""
        return self.checks.setdefault(kind, Checks())

    def matched(self, kind: str, count: int = 1) -> None:
        """Enter events whose predicted outcome is the logged one."""
        self.kind(kind).matched += count

    def inferred(self, kind: str, count: int = 1) -> None:
        """Enter events that an inference made from the very event explains."""
        self.kind(kind).inferred += count

    def unchecked(self, kind: str, reason: str, count: int = 1) -> None:
        """Enter events that nothing can decide, with the reason."""
        self.kind(kind).unchecked[reason] += count

    def infer(self, kind: str, subject: str, evidence: str, line: Source) -> Inference:
        """List an inference: what is taken for true, and which lines bear it out."""
        inference = Inference(self.name, kind, subject, evidence, line)
        self.inferences.append(inference)
        return inference

    def diverged(
        self, kind: str, code: str, line: Source, subject: str, *, count: int = 1, **facts: Any
    ) -> None:
        """Enter events that part ways with their prediction, and report them (see report).

        ``count`` events of one line, such as the cells of a row, make one divergence.
        """
        self.kind(kind).diverged += count
        self._counted.append((kind, count, self.report(code, line, subject, **facts)))

    def withdraw(self, reason: str, doubted: Callable[[Divergence], bool]) -> None:
        """Make the diverged checks that ``doubted`` picks unchecked: nothing decides them."""
        gone = [entry for entry in self._counted if doubted(entry[2])]
        for kind, count, _ in gone:
            self.kind(kind).diverged -= count
            self.unchecked(kind, reason, count)
        names = {id(divergence) for _, _, divergence in gone}
        self.divergences = [d for d in self.divergences if id(d) not in names]
        self._counted = [entry for entry in self._counted if id(entry[2]) not in names]

    @property
    def failures(self) -> list[Divergence]:
        """The divergences that count as failed checks, in the order in which they were entered."""
        return [divergence for _, _, divergence in self._counted]

    def report(
        self,
        code: str,
        line: Source,
        subject: str,
        *,
        logged: str,
        simulated: str,
        explanation: str = "",
        severity: Severity | None = None,
        alternatives: Sequence[str] = (),
        related: Sequence[Source] = (),
    ) -> Divergence:
        """List a divergence or note that belongs to no counted check; return it.

        The explanation defaults to the title of the code, the severity to that of the
        catalogue. The subject names what is affected, by caller or owner.
        """
        entry = lookup(code)
        divergence = Divergence(
            code=code,
            allocator=self.name,
            severity=severity or entry.severity,
            line=line,
            subject=subject,
            logged=logged,
            simulated=simulated,
            explanation=explanation or entry.title,
            alternatives=tuple(alternatives),
            signature=signature(code, subject),
            related=tuple(related),
        )
        self.divergences.append(divergence)
        return divergence


def signature(code: str, subject: str) -> str:
    """Return what names a divergence on every boot of one machine.

    Addresses, counters and sizes in the subject are masked, and the offset of a caller
    (``setup_arch+0x797/0xd4f``) goes, because it changes with every build.
    """
    text = re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+", "", subject)
    text = re.sub(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b", "X", text)
    return f"{code}:{re.sub(r'[0-9]+', 'N', text)}"
