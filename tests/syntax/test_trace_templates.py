"""Events known by their template are what reading each of them alone gives."""

from __future__ import annotations

import pytest

from tests.traces import FRAME, events, read
from tracekit.syntax.kinds import event_rules
from tracekit.syntax.trace_templates import MOST, addresses, templates

KFREE = b"kfree: call_site=f+0x1/0x2 ptr=%016x"
# what no template may hide: a pointer that is shorter, longer, NULL, hidden, or stands twice
ODD = (
    b"kfree: call_site=f+0x1/0x2 ptr=ff800",
    b"kfree: call_site=f+0x1/0x2 ptr=ffff88800644cf780",
    b"kfree: call_site=f+0x1/0x2 ptr=0x88800644cf7812",
    b"kfree: call_site=f+0x1/0x2 ptr=(null)",
    b"kfree: call_site=f+0x1/0x2 ptr=(____ptrval____)",
    b"kfree: call_site=f+0x1/0x2 ptr=ffff88800644cf78 ptr=ffff88800644cf79",
    b"kfree: call_site=f ptr=x+0x1/0x2 ptr=ffff88800644cf79",
    b"kfree: ptr=ffff88800644cf78 call_site=f+0x1/0x2",
    b"kfree: call_site=f+0x1/0x2 ptr=ffff88800644cf7g",
)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.decode())
def test_an_odd_pointer_among_plain_ones_is_read_as_alone(odd: bytes) -> None:
    plain = [KFREE % (0xFFFF888000000000 + 64 * i) for i in range(5)]
    shown = [*plain[:3], odd, *plain[3:]]
    together = read(b"".join(FRAME + event + b"\n" for event in shown), compiled=False)
    alone = [read(FRAME + event + b"\n", compiled=False) for event in shown]
    expected = [found for trace in alone for found in events(trace)]
    assert [{**row, "line": 1} for _, row in events(together)] == [row for _, row in expected]
    assert together.counts.total == together.counts.lines == len(shown)


def test_only_kinds_with_a_pointer_have_templates() -> None:
    having = {
        name for name, rules in event_rules().items() if templates(rules[0], hash) is not None
    }
    assert b"kmalloc" in having
    assert b"percpu_alloc_percpu" in having
    assert not having & {b"mm_page_alloc", b"rss_stat", b"percpu_create_chunk"}


def test_too_many_templates_are_given_up() -> None:
    rule = event_rules()[b"kfree"][0]
    known = templates(rule, hash)
    assert known is not None
    for number in range(MOST + 1):
        known[b"kfree: call_site=f%d" % number, b""] = (7, 0)
    assert known.columns([KFREE % 1]) is None


def test_addresses_are_sixteen_digits_or_nothing() -> None:
    assert addresses([b"0" * 16, b"f" * 16]) == (0, -1)
    assert addresses([b"0" * 15, b"f" * 17]) is None
    assert addresses([b"0x" + b"0" * 14]) is None
