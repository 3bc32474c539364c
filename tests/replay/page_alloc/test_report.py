"""The list of what was inferred."""

from __future__ import annotations

from tests.replay.page_alloc.play import Trace, play
from tracekit.replay.page_alloc.report import SHOWN, report_inferences
from tracekit.replay.page_alloc.stream import ALLOC


def test_nothing_is_listed_of_a_trace_that_needs_no_inference() -> None:
    trace = Trace()
    trace.refill(0, 1)
    trace.add(ALLOC, 0)
    twin, ledger = play(trace)
    report_inferences(twin)
    assert not ledger.inferences


def test_each_kind_is_one_inference_at_its_first_line() -> None:
    trace = Trace()
    trace.refill(*range(SHOWN + 3))
    twin, ledger = play(trace)
    twin.resync.bulk_rows.extend((3, 2, 2))
    twin.resync.begun_rows.extend(range(SHOWN + 2))
    report_inferences(twin)
    bulk, begun = ledger.inferences
    assert (bulk.kind, bulk.line.line) == ("bulk-allocation", 3)
    assert bulk.subject.startswith("3 times: ")
    assert bulk.evidence == "lines 3, 4"
    assert (begun.kind, begun.line.line) == ("drain-begun-anew", 1)
    assert begun.evidence.endswith(f", {SHOWN} and 2 more")
