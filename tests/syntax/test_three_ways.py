from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests import boots
from tests.syntax.lines import LINES
from tests.syntax.three_ways import GRAMMARS, by_expression, by_lark, lines_of, patterns, rules
from tracekit.capture import open_capture
from tracekit.events.base import registered_rules
from tracekit.syntax.dmesg import event_builder
from tracekit.syntax.rules import Router


def test_every_rule_has_an_event_class_and_every_class_a_rule() -> None:
    for rule in rules().values():
        assert event_builder(rule)
    assert registered_rules() == set(rules())


# The grammars whose every rule has lines in tests/syntax/lines.py.
WRITTEN = (
    "arch_maps", "boot", "carveouts", "complaints", "devicetree", "e820", "efi", "initrd",
    "iomem", "mips", "numa", "x86_setup",
)  # fmt: skip


def test_every_rule_has_lines_of_ours() -> None:
    expected = {rule.name for rule in rules().values() if rule.grammar in WRITTEN}
    assert expected == set(LINES)


@pytest.mark.parametrize("name", sorted(LINES))
def test_our_own_lines_read_the_same_both_ways(name: str) -> None:
    rule = rules()[name]
    for line in LINES[name]:
        fields = by_expression(rule, line)
        assert fields is not None, line
        assert by_lark(rule, line) == fields, line


@pytest.mark.parametrize("grammar", sorted(GRAMMARS))
def test_generated_lines_read_the_same_both_ways(grammar: str) -> None:
    of_rule = patterns(grammar)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(of_rule)))
        line = data.draw(lines_of(of_rule[name]))
        assume(line == line.rstrip())  # what reads logs takes blanks off the ends of lines
        fields = by_expression(rules()[name], line)
        assume(fields is not None)
        assert by_lark(rules()[name], line) == fields, line

    check()


@pytest.mark.parametrize("folder", boots.boot_folders()[::12], ids=lambda folder: folder.name)
def test_lines_of_real_boots_read_the_same_both_ways(folder: Path) -> None:
    router = Router(rules().values())
    seen: dict[str, int] = {}
    for line in open_capture([str(folder)]).logs[0].lines:
        text = line.text.strip()
        for rule in router.candidates(text) if text else []:
            fields = by_expression(rule, text)
            if fields is not None and seen.setdefault(rule.name, 0) < 40:
                seen[rule.name] += 1
                assert by_lark(rule, text) == fields, text
    assert len(seen) > 10
