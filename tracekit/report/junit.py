"""The report as JUnit XML: a test case per allocator and kind of check.

Elements and attributes are those of the schema that Jenkins and pytest hold to (junit-10.xsd):
a test case has no place for file and line, so these stand in the failure.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from tracekit.divergence import Divergence
from tracekit.replay.boot import Replay
from tracekit.replay.ledger import Checks, Ledger
from tracekit.report.xml import document


def render(replay: Replay) -> str:
    """Return one test suite per allocator; errors and warnings are failures of its last case."""
    root = Element("testsuites", name="tracekit", failures=str(len(replay.loud)), errors="0")
    for ledger in replay.allocators:
        _suite(root, ledger, [d for d in replay.loud if d.allocator == ledger.name])
    root.set("tests", str(len(list(root.iter("testcase")))))
    return document(root)


def _suite(root: Element, ledger: Ledger, loud: list[Divergence]) -> None:
    cases = len(ledger.checks) + len(loud)
    skipped = sum(not checks.checked for checks in ledger.checks.values())
    counts = {"tests": cases, "failures": len(loud), "errors": 0, "skipped": skipped}
    suite = SubElement(
        root, "testsuite", {"name": ledger.name} | {name: str(n) for name, n in counts.items()}
    )
    for kind, checks in ledger.checks.items():
        _counts(SubElement(suite, "testcase", classname=ledger.name, name=kind), checks)
    for divergence in loud:
        _failure(suite, divergence)


def _counts(case: Element, checks: Checks) -> None:
    if not checks.checked:
        reasons = ", ".join(checks.unchecked) or "no such event"
        SubElement(case, "skipped", message=reasons)
    output = SubElement(case, "system-out")
    output.text = (
        f"{checks.events} events, {checks.checked} checked, {checks.matched} matched, "
        f"{checks.inferred} inferred"
    )


def _failure(suite: Element, divergence: Divergence) -> None:
    place = f"{divergence.line.file}:{divergence.line.line}"
    name = f"{divergence.code} {divergence.subject}"
    case = SubElement(suite, "testcase", classname=divergence.allocator, name=name)
    message = f"{place}: {divergence.explanation}"
    failure = SubElement(case, "failure", type=divergence.code, message=message)
    failure.text = f"{place}\nlogged: {divergence.logged}\nexpected: {divergence.simulated}"
