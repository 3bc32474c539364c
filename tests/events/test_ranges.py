from __future__ import annotations

import pytest

from tests.events.reading import read
from tests.syntax.lines import LINES
from tests.syntax.three_ways import by_expression, rules
from tracekit.events.base import Source
from tracekit.events.ranges import RangeEvent, take_range
from tracekit.syntax.dmesg import event_builder


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"first": 0x1000, "last": 0x1FFF}, (0x1000, 0x2000)),
        ({"base": 0x1000, "end": 0x2000}, (0x1000, 0x2000)),
        ({"base": 0x1000, "size": 0x800}, (0x1000, 0x1800)),
        ({"base": 0x1000, "kib": 4}, (0x1000, 0x2000)),
        ({"base": 0, "mib": 2}, (0, 0x200000)),
        ({"start_pfn": 1, "end_pfn": 3}, (0x1000, 0x3000)),
    ],
)
def test_every_way_of_printing_a_range(fields: dict[str, int], expected: tuple[int, int]) -> None:
    assert take_range(fields) == expected
    assert not fields


def test_a_page_is_as_large_as_its_architecture_says() -> None:
    cluster = read("memcluster 1, usage 0, start     1984, end  1048576")
    assert isinstance(cluster, RangeEvent)
    assert cluster.range == (1984 * 8192, 1048576 * 8192)


@pytest.mark.parametrize("name", sorted(LINES))
def test_every_line_of_ours_builds_its_event(name: str) -> None:
    for line in LINES[name]:
        fields = by_expression(rules()[name], line)
        assert fields is not None
        event = event_builder(rules()[name])(Source("log", 1), name, fields)
        if isinstance(event, RangeEvent):
            assert event.size == event.end - event.start >= 0, line
