"""Lark, the expressions and the line programs of the scanner read every line alike."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.boots import boot_folders
from tests.traces import FRAME, boots_with_trace, compiled_scanner, events, lines, read, text_of
from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import EventRule, event_rules, kinds
from tracekit.syntax.lower import load_patterns
from tracekit.syntax.rules import EVENT_GRAMMARS, grammar_dir
from tracekit.syntax.trace_lark import read_with_lark
from tracekit.syntax.trace_line import read_event, read_frame

PATTERNS = {
    name: pattern
    for grammar in EVENT_GRAMMARS
    for name, pattern in load_patterns(grammar_dir() / f"{grammar}.lark").items()
}
# Lark reads some 10,000 lines a second: TRACEKIT_EVERY_LINE=1 has it read all of them.
# shrinking lines made from expressions takes minutes; the line that fails is short enough
QUICK = {
    "deadline": None,
    "phases": (Phase.explicit, Phase.reuse, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}
LARK_STEP = 1 if os.environ.get("TRACEKIT_EVERY_LINE") else 499


def by_expression(event: bytes) -> tuple[str, dict[str, int | bytes]] | None:
    return _named(read_event(event))


def by_lark(event: bytes) -> tuple[str, dict[str, int | bytes]] | None:
    return _named(read_with_lark(event))


def _named(
    found: tuple[EventRule, list[int | bytes]] | None,
) -> tuple[str, dict[str, int | bytes]] | None:
    if found is None:
        return None
    rule, values = found
    kind = kinds()[rule.code]
    return kind.name, {
        name: value for name, value in zip(kind.fields, values, strict=True) if value != ABSENT
    }


@given(name=st.sampled_from(sorted(PATTERNS)), data=st.data())
@settings(max_examples=120, **QUICK)
def test_lines_made_from_a_rule_are_read_alike(name: str, data: st.DataObject) -> None:
    event = data.draw(lines(PATTERNS[name])).encode()
    keys = re.findall(rb"[ :](\w+)=", event)
    assume(len(keys) == len(set(keys)))
    expected = by_expression(event)
    assert by_lark(event) == expected
    compiled, expressions = read(FRAME + event + b"\n"), read(FRAME + event + b"\n", compiled=False)
    assert events(compiled) == events(expressions)
    assert len(compiled) == (expected is not None)


@given(name=st.sampled_from(sorted(n for n in PATTERNS if "__" not in n)), data=st.data())
@settings(max_examples=80, **QUICK)
def test_the_kernels_own_wording_is_always_read(name: str, data: st.DataObject) -> None:
    event = data.draw(lines(PATTERNS[name])).encode()
    found = by_expression(event)
    assert found is not None
    assert found[0] == name


@given(
    st.sampled_from(sorted(event_rules())), st.binary(max_size=80).filter(lambda b: b"\n" not in b)
)
@settings(max_examples=100, **QUICK)
def test_garbage_behind_a_name_is_judged_alike(name: bytes, garbage: bytes) -> None:
    line = FRAME + name + b": " + garbage
    compiled, expressions = read(line + b"\n"), read(line + b"\n", compiled=False)
    assert events(compiled) == events(expressions)
    assert compiled.counts.total == compiled.counts.lines == 1
    assert expressions.counts.total == expressions.counts.lines == 1


@pytest.mark.parametrize("boot", boots_with_trace(boot_folders()[:3]), ids=lambda p: p.name)
def test_every_line_of_a_boot_is_read_alike(boot: Path) -> None:
    data = text_of(boot)
    compiled, expressions = read(data), read(data, compiled=False)
    assert compiled.counts.unparsed == expressions.counts.unparsed == 0
    assert compiled.counts.total == expressions.counts.total == data.count(b"\n")
    step = 7
    assert events(compiled)[::step] == events(expressions)[::step]
    for line in data.split(b"\n")[::LARK_STEP]:
        frame = read_frame(line, "task_line")
        if frame is not None and frame.event.partition(b":")[0] in event_rules():
            assert by_lark(frame.event) == by_expression(frame.event), line


@pytest.mark.skipif(not compiled_scanner(), reason="the extension is not built")
@pytest.mark.parametrize("boot", boots_with_trace(boot_folders()[:3]), ids=lambda p: p.name)
def test_the_scanner_leaves_only_notes_to_the_slow_reader(boot: Path) -> None:
    counts = read(text_of(boot)).counts
    assert counts.slow == counts.other + counts.markers + sum(
        n for name, n in counts.unknown.items() if name.startswith("Unknown type")
    )
