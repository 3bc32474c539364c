"""Frees that were interrupted before their page reached its list."""

from __future__ import annotations

import pytest

from tests.replay.page_alloc.play import Trace, play
from tracekit.replay.page_alloc.stream import ALLOC, FREE, ZONE_LOCKED


@pytest.mark.parametrize(("resumes", "inferred"), [(True, 1), (False, 0)])
def test_a_page_lands_when_the_task_that_frees_it_goes_on(resumes: bool, inferred: int) -> None:
    trace = Trace()
    trace.refill(0, 1, 2, 3, pid=5)
    for pfn in (0, 1, 2, 3):
        trace.add(ALLOC, pfn, pid=5)
    trace.add(FREE, 0, pid=5)
    if not resumes:
        trace.add(FREE, 3, pid=5)
    trace.add(FREE, 1, pid=6)
    trace.add(FREE, 2, pid=6)
    if resumes:
        trace.add(FREE, 3, pid=5)
    trace.add(ZONE_LOCKED, 512, 9, pid=7)
    if resumes:
        trace.add(ALLOC, 3, pid=8)
    trace.add(ALLOC, 0, pid=8)
    trace.add(ALLOC, 2, pid=8)
    _, ledger = play(trace)
    assert ledger.kind("pfn").inferred == inferred
