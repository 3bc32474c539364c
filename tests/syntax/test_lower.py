from __future__ import annotations

import re
from pathlib import Path

import pytest
from lark import Lark, UnexpectedInput

from tracekit.syntax.lower import GrammarError, lower

GRAMMAR = r"""
start: reserve | zone | list
reserve: ("memblock_reserve" | "__memblock_reserve") ": [" base "-" end "]" _nid? SP caller
zone: name SP "[mem " base "-" end "]"
list: "pcpu: " (unit " "?)+
base: HEX
end: HEX
_nid: " nid=" nid
nid: DEC
caller: WORD
name: ZONE
unit: /[0-9]+/
HEX: /0x[0-9a-f]+/
DEC: /-?[0-9]+/
WORD: /\S+/
SP: / +/
ZONE: "DMA32" | "DMA"
"""


@pytest.fixture
def grammar(tmp_path: Path) -> Path:
    path = tmp_path / "small.lark"
    path.write_text(GRAMMAR)
    return path


def test_a_rule_becomes_an_expression_with_its_fields(grammar: Path) -> None:
    reserve = lower(grammar)[0]
    match = re.fullmatch(reserve.regex, "__memblock_reserve: [0x10-0x1f] nid=-1 setup+0x1/0x2")
    assert match is not None
    assert [(name, base) for _, name, base in reserve.groups] == [
        ("base", 16),
        ("end", 16),
        ("nid", 10),
        ("caller", None),
    ]
    assert match.groups() == ("0x10", "0x1f", "-1", "setup+0x1/0x2")


def test_an_absent_option_leaves_its_field_empty(grammar: Path) -> None:
    match = re.fullmatch(lower(grammar)[0].regex, "memblock_reserve: [0x10-0x1f] setup")
    assert match is not None
    assert match.group(3) is None


def test_prefixes_list_every_beginning(grammar: Path) -> None:
    reserve, zone, _ = lower(grammar)
    assert reserve.prefixes == ("__memblock_reserve: [", "memblock_reserve: [")
    assert zone.prefixes == ("DMA", "DMA32")


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("reserve", "memblock_reserve: [0x10-0x1f]  setup"),
        ("zone", "DMA32    [mem 0x1-0x2]"),
        ("zone", "DMA [mem 0x1-0x2]"),
        ("zone", "Normal [mem 0x1-0x2]"),
        ("list", "pcpu: 1 2 3"),
        ("list", "pcpu: "),
    ],
)
def test_the_expression_agrees_with_lark(grammar: Path, rule: str, line: str) -> None:
    rules = {r.name: r for r in lower(grammar)}
    lark = Lark(GRAMMAR, parser="lalr", start=list(rules))
    try:
        lark.parse(line, start=rule)
        parsed = True
    except UnexpectedInput:
        parsed = False
    assert (re.fullmatch(rules[rule].regex, line) is not None) == parsed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('start: a\na: "x" a "y"\n', "rule a is recursive"),
        ("start: a\na: WORD\nWORD: /x/\n", "must begin with a literal"),
    ],
)
def test_a_broken_convention_names_the_rule(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "broken.lark"
    path.write_text(text)
    with pytest.raises(GrammarError, match=words):
        lower(path)
