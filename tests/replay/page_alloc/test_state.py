"""Where the report shows simulated free lists."""

from __future__ import annotations

import tracekit
from tests.boots import boot
from tracekit.replay.context import Context
from tracekit.replay.page_alloc.state import show_free_lists

LISTS = {"0": {"DMA": {"10": {"Movable": [1024]}}}}


def shown(*wanted: str) -> dict[str, object]:
    context = Context(tracekit.load(boot("x86_61_256M_1cpu") / "dmesg.log"), wanted)
    show_free_lists(context, "handoff", LISTS)
    return context.ledgers["page_alloc"].state if context.ledgers else {}


def test_only_what_is_wanted_is_shown() -> None:
    assert shown() == {}
    assert shown("snapshot") == {}
    assert shown("handoff") == LISTS


def test_several_moments_stand_under_their_names() -> None:
    assert shown("handoff", "snapshot") == {"handoff": LISTS}
