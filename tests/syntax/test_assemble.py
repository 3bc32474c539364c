from __future__ import annotations

import pytest

from tracekit.syntax import assemble as module
from tracekit.syntax.kinds import kinds
from tracekit.syntax.steps import JUMPS, STEPS


def test_what_the_build_stores_is_what_is_made_on_the_spot(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = module.storable()
    monkeypatch.setattr(module, "stored_scanner", lambda: stored)
    module.tables.cache_clear()
    try:
        assert module.tables() == module.assemble()
    finally:
        module.tables.cache_clear()


def test_every_jump_stays_inside_the_steps() -> None:
    tables = module.assemble()
    steps = memoryview(tables.steps).cast("i")
    count = len(steps) // 4
    assert all(-1 <= start < count for start in tables.starts)
    assert len(tables.starts) == tables.frames + 2 * len(kinds())
    for at in range(count):
        name, to = STEPS[steps[4 * at]], steps[4 * at + 3]
        assert name not in JUMPS or 0 <= to < count


def test_every_memo_has_a_place_of_its_own() -> None:
    steps = memoryview(module.assemble().steps).cast("i")
    points = [steps[at + 1] for at in range(0, len(steps), 4) if STEPS[steps[at]] == "memo"]
    assert points == list(range(len(points)))
    # MEMO_POINTS of the scanner
    assert 0 < len(points) <= 1024


def test_no_kind_has_more_fields_than_a_mask_and_a_sheet_hold() -> None:
    assert max(len(kind.fields) for kind in kinds()) <= 38
    assert len(kinds()) <= 255
