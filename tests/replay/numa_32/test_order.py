"""The order of the remap allocator's lines since 2.6.27."""

from __future__ import annotations

from tracekit.events.base import Source
from tracekit.events.numa_32 import AllocatePgdat, KvaStart, NodePfn, RemapNode, WillRemap
from tracekit.replay.ledger import Ledger
from tracekit.replay.numa_32.order import LineOrder

NODE = NodePfn(Source("log", 1), 0, 0, 0x1000)
START = KvaStart(Source("log", 3), "36400", "37bfe")


def order() -> LineOrder:
    made = LineOrder(Ledger("numa_32"))
    made.see(NODE)
    return made


def test_a_node_that_is_announced_must_give_up_pages() -> None:
    made = order()
    made.promise(NODE, 0x2000)
    assert list(made.missing(START, [], False)) == [("reserve", 0)]
    assert made.ledger.divergences[0].line.line == 1


def test_a_node_above_the_end_of_ram_announces_nothing() -> None:
    made = order()
    made.promise(NodePfn(Source("log", 1), 1, 0x4000, 0x5000), 0x2000)
    assert list(made.missing(START, [], False)) == []


def test_the_total_comes_before_the_start() -> None:
    assert list(order().missing(START, [0], True)) == [("total", 0)]


def test_each_missing_line_is_reported_once() -> None:
    made = order()
    made.see(START)
    remap = WillRemap(Source("log", 5), 1, 0, 0)
    assert list(made.missing(remap, [0, 1], True)) == [("pgdat", 0)]
    pgdat = AllocatePgdat(Source("log", 6), 1, 0)
    made.see(remap)
    assert list(made.missing(pgdat, [0, 1], True)) == [("remap", 0)]
    made.see(pgdat)
    assert list(made.missing(RemapNode(Source("log", 7), 0), [0, 1], True)) == []
