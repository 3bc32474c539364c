"""Which drivers a narrowed replay runs."""

from __future__ import annotations

import pytest

from tracekit.replay.boot import DRIVERS, SETTLING, TRACE_DRIVERS, _needed


@pytest.mark.parametrize(
    ("stages", "last"),
    [(("page_alloc",), "page_alloc.driver"), (("percpu",), "percpu.driver")],
)
def test_trains_of_failures_are_settled_for_every_stage(stages: tuple[str, ...], last: str) -> None:
    every = [*DRIVERS, *TRACE_DRIVERS]
    assert _needed(every, stages)[-2:] == [last, SETTLING]
    assert _needed(list(DRIVERS), ("memblock",)) == ["memblock.driver"]
    assert _needed(every, ()) == every
