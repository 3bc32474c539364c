"""The page allocator's history as text, JSON and picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from tracekit.events.base import Source
from tracekit.replay.page_alloc.history import FallbackStep, PageHistory, Traffic, ZoneName
from tracekit.replay.page_alloc.owners import Owner
from tracekit.replay.page_alloc.watch import Sample, ZoneSample
from tracekit.report.page_history_json import as_dict
from tracekit.report.page_history_svg import render_svg
from tracekit.report.page_history_text import render

LOST = "events were lost before this one"


def made() -> PageHistory:
    """A history of one zone and three samples, the last of them unknown."""
    samples = [
        Sample(-1, 0, 12, 0, (ZoneSample(1000, 0, 10, 0.0),)),
        Sample(4, 5, 17, 2_000_000_000, (ZoneSample(400, 30, 3, 0.75),)),
        Sample(9, 10, 22, 4_000_000_000, (ZoneSample(1, 1, 0, 1.0),), LOST),
    ]
    step = FallbackStep(
        Source("trace.txt", 15, 1.5), 0, "DMA32", 0, "Unmovable", 512, 3, "Movable",
        claimed=False, fragmenting=True, cause="slab dentry",
    )  # fmt: skip
    return PageHistory(
        zones=[ZoneName(0, "DMA32", 2048)],
        pageblock_order=9,
        samples=samples,
        fallbacks=[step],
        traffic=[Traffic(0, 4, 28, 1, 7, 30, 12)],
        living=[Owner("slab dentry", 3, 3), Owner("GFP_KERNEL & more", 1, 8)],
        slabs=[],
    )


def test_the_text_tells_first_lowest_and_last_of_what_is_known() -> None:
    text = render(made())
    row = next(line for line in text.splitlines() if line.startswith("node 0 zone DMA32"))
    assert row.split()[4:] == ["2,048", "1,000", "400", "400", "30", "3", "75.0%"]
    assert f"Not known for a part of the trace: {LOST}" in text


def test_the_text_tells_what_a_fallback_broke_and_for_whom() -> None:
    text = render(made())
    assert "pageblocks left with two types: 1" in text
    assert "order 3 Movable at pfn 0x200, fragmenting for slab dentry" in text


def test_the_rows_of_a_table_are_limited_and_the_rest_is_counted() -> None:
    text = render(made(), 1)
    assert "slab dentry" in text
    assert "GFP_KERNEL & more" not in text
    assert "... 1 more, see -l" in text


def test_a_reason_stands_for_the_history_that_there_is_not() -> None:
    assert "No simulation of the page allocator: no log" in render("no log")
    assert as_dict("no log") == {"unknown": ["no log"]}
    assert "no log" in render_svg("no log")


def test_json_has_a_figure_for_each_sample_and_null_for_the_unknown() -> None:
    found = json.loads(json.dumps(as_dict(made())))
    (zone,) = found["zones"]
    assert zone["free"] == [1000, 400, None]
    assert zone["largest_order"] == [10, 3, None]
    assert found["time"] == [0.0, 2.0, 4.0]
    assert found["unknown"] == [LOST]
    assert found["fallbacks"][0]["line"] == {"source": "trace.txt", "number": 15}
    assert sum(owner["pages"] for owner in found["never_freed"]) == 11


def test_the_picture_draws_each_zone_twice_and_marks_fallbacks() -> None:
    root = ET.fromstring(render_svg(made()))
    tag = "{http://www.w3.org/2000/svg}"
    lines = root.findall(f"{tag}polyline")
    assert len(lines) == 2
    assert all(len((line.get("points") or "").split()) == 2 for line in lines)
    assert len(root.findall(f"{tag}line")) == 2
