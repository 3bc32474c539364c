"""When the simulation no longer follows the kernel, it is not the kernel that is wrong.

One fault parts the log from the rules at one place. Where predictions of one allocator fail one
after the other, the simulated state has been lost: an action that prints nothing, or a rule of
this kernel that the simulation lacks. Such a train is one note, and its checks are unchecked.
"""

from __future__ import annotations

from collections import Counter

from tracekit.divergence import Divergence, Severity
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger

NOT_FOLLOWED = "the simulation does not follow this kernel here"
# Three faults in one trace are rare; four failures are a state that was lost.
TRAIN = 3
# Failures that hidden actions of other processors can explain are notes, until they are legion.
MANY_NOTES = 100
SNAPSHOT = "PA108"
CODES = {"page_alloc": "PA113", "slub": "SL107", "percpu": "PC106"}


def run(context: Context) -> None:
    """Withdraw trains of divergences from the twins; runs after them."""
    for name, code in CODES.items():
        ledger = context.ledgers.get(name)
        if ledger is not None:
            _settle(ledger, code)


def _settle(ledger: Ledger, code: str) -> None:
    train = _train(ledger)
    if not train:
        return
    names = {id(found) for found in train}
    ledger.withdraw(NOT_FOLLOWED, lambda found: id(found) in names)
    first = train[0]
    ledger.report(
        code,
        first.line,
        f"{len(train)} predictions",
        logged=f"first: {first.logged}",
        simulated=first.simulated,
    )


def _train(ledger: Ledger) -> list[Divergence]:
    """Return the failures that show that the simulated state was lost, in order; most often none.

    Where the notes among the failures are as many, they belong to it.
    """
    notes = [found for found in ledger.failures if found.severity is Severity.NOTE]
    notes = notes if len(notes) > MANY_NOTES else []
    loud = [found for found in ledger.divergences if found.severity is not Severity.NOTE]
    if len(loud) > TRAIN:
        return loud + notes
    repeated = _repeated(loud)
    # What the lists hold at the snapshot follows from what happened before.
    wrong = [f for f in loud if f.code == SNAPSHOT or f.simulated in repeated] if repeated else []
    return wrong + notes


def _repeated(loud: list[Divergence]) -> set[str]:
    """Return predictions that failed more than once: each time the same page was expected."""
    counts = Counter(found.simulated for found in loud if "pfn" in found.simulated)
    return {simulated for simulated, count in counts.items() if count > 1}
