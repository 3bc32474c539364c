from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.events.complaints import BadPage, PageDumped
from tracekit.replay.complaints.finding import REPORT, first, following


def test_a_report_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    page, why = "BUG: Bad page state in process a  pfn:00001\n", "page dumped because: {}\n"
    path = tmp_path / "dmesg.log"
    head = "Linux version 5.7.0 (x@y) #1\n"
    path.write_text(head + page + why.format("one") + page + "\n" * REPORT + why.format("too late"))
    boot = tracekit.load(path)
    one, two = boot.of(BadPage)
    assert [row.reason for row in following(boot, one, PageDumped)] == ["one"]
    assert first(following(boot, two, PageDumped)) is None
