"""The hand-off's state as zones: pageblocks of old flat kernels, and what they set aside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tracekit.mm.handoff import Handoff
from tracekit.mm.handoff import Rules as HandoffRules
from tracekit.mm.mm_init import PfnRange, free_area_init, zone_ranges
from tracekit.mm.page_alloc_rules import RESERVE_TYPES, UNMOVABLE, Rules
from tracekit.replay.page_alloc.setting import set_reserves, zones_of

RULES = Rules(types=RESERVE_TYPES, move_to_tail=False)
RESERVE = 3


def handed(*, first: int = 16, from_zone: bool = True) -> Handoff:
    """Return a machine of 4,096 pages from ``first`` on, with pages 600 to 699 reserved."""
    ranges = [PfnRange(first, 4096)]
    nodes = free_area_init(ranges, zone_ranges({"Normal": 1 << 20}, first))
    rules = HandoffRules(to_tail=False, flat=True, blocks_from_zone=from_zone)
    handoff = Handoff(nodes, ranges, rules)
    handoff.free_all([PfnRange(first, 600), PfnRange(700, 4096)])
    return handoff


def test_until_v3_7_pages_of_the_last_numbers_have_no_block_of_their_own() -> None:
    (zone,) = zones_of(handed(), RULES)
    assert zone.pageblock_type(16) == RULES.movable
    assert zone.pageblock_type(3600) == UNMOVABLE
    (later,) = zones_of(handed(from_zone=False), RULES)
    assert (later.pageblock_type(16), later.pageblock_type(3600)) == (UNMOVABLE, RULES.movable)


def test_a_block_joins_the_list_of_the_piece_freed_last() -> None:
    (zone,) = zones_of(handed(), RULES)
    assert zone.head(10, UNMOVABLE) == 3072
    assert list(zone.areas[10][RULES.movable]) == [2048, 1024]


@pytest.mark.parametrize(
    ("features", "aside"),
    [
        ({"reserve_blocks_whole", "reserve_steps_aligned"}, 1024),
        ({"reserve_steps_aligned"}, 540),
        (set(), 16),
    ],
)
def test_which_block_is_set_aside(features: set[str], aside: int) -> None:
    handoff = handed(from_zone=not features)
    (zone,) = zones_of(handoff, RULES)
    kernel = SimpleNamespace(has=lambda name: name in features, page_size=4096)
    set_reserves(cast(Any, kernel), handoff, [zone], {(0, "Normal"): 4000})
    found = [pfn for pfn in (16, 540, 1024) if zone.pageblock_type(pfn) == RESERVE]
    assert found == [aside]
    assert zone.pageblock_type(2048) == RULES.movable
