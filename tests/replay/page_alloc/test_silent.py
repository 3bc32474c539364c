"""CMA blocks that the snapshot's files show to be gone."""

from __future__ import annotations

import pytest

from tracekit.observed.buddyinfo import FreeRow
from tracekit.replay.page_alloc.silent import silently_taken

# free blocks of orders 0, 1 and 2, of types Movable and CMA
STATE = ((3, 1), (2, 2), (0, 4))


@pytest.mark.parametrize(
    ("migratetype", "counts", "gone"),
    [
        ("CMA", (1, 2, 4), ()),
        ("CMA", (1, 0, 3), (0, 2, 1)),
        ("CMA", (2, 2, 4), ()),
        (None, (4, 4, 4), ()),
        (None, (4, 3, 4), (0, 1, 0)),
        (None, (4, 1, 4), ()),
    ],
)
def test_only_blocks_that_cma_had_can_be_gone(
    migratetype: str | None, counts: tuple[int, ...], gone: tuple[int, ...]
) -> None:
    row = FreeRow(1, 0, "DMA", migratetype, counts)
    assert silently_taken(row, [STATE], 1) == gone


def test_the_state_that_lacks_the_fewest_blocks_counts() -> None:
    row = FreeRow(1, 0, "DMA", "CMA", (1, 1, 4))
    assert silently_taken(row, [STATE, ((3, 1), (2, 1), (0, 4))], 1) == ()
