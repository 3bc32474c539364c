"""What the flags of an ftrace line say."""

from __future__ import annotations

import pytest

from tracekit.replay.page_alloc.stream import interrupt_context, preempt_depth


@pytest.mark.parametrize(
    ("flags", "context", "depth"),
    [
        ("d..1", 0, 1),
        ("..s.", 1, 0),
        ("d.h1.", 2, 1),
        (".Ns1.", 1, 1),
        ("d..a2", 0, 10),
        # with need-resched-lazy and the lazy preempt depth, as real-time patches show them
        (".....12", 0, 0),
        ("d..s1.1", 1, 1),
        ("d.Lh2..", 2, 2),
        ("", 0, -1),
    ],
)
def test_context_and_preempt_depth(flags: str, context: int, depth: int) -> None:
    assert interrupt_context(flags) == context
    assert preempt_depth(flags) == depth
