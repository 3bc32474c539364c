"""The phases of a boot as text and JSON."""

from __future__ import annotations

import json

from click import unstyle

from tracekit.events.base import Source
from tracekit.replay.phases import Phase
from tracekit.report.phases import render_json, render_text

FOUND = [
    Phase("hand-off", Source("dmesg.log", 7, 0.0), 8192, 4096, 0, 0, 0, 0, 4096),
    Phase("slab up", Source("dmesg.log", 9, None), reason="nothing shows it"),
]


def test_sizes_are_in_kib_and_unknown_ones_have_their_reason() -> None:
    lines = unstyle(render_text(FOUND)).splitlines()
    assert lines[1].split()[1:8] == ["8", "4", "0", "0", "0", "0", "4"]
    assert lines[1].endswith("dmesg.log:7 [0.000000]")
    assert lines[2].split()[2:9] == ["-"] * 7
    assert "- slab up: nothing shows it" in lines


def test_json_keeps_bytes_and_says_where_each_phase_is_shown() -> None:
    first, second = json.loads(render_json(FOUND))["phases"]
    assert (first["ram"], first["free"]) == (8192, 4096)
    assert first["line"] == {"source": "dmesg.log", "number": 7}
    assert (second["free"], second["time"]) == (None, None)
