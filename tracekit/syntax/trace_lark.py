"""Events read by Lark itself: the grammar's own word on a line that nothing faster could read.

Slow, and loaded only when such a line turns up. Its verdict on a line that it cannot read
either says where the line parts ways with the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import EventRule, event_rules
from tracekit.syntax.pattern import number_base, to_number
from tracekit.syntax.rules import grammar_dir
from tracekit.syntax.trace_line import event_name, is_whole, signed

if TYPE_CHECKING:
    from lark import Lark, Tree

MOST_EXPECTED = 4


def read_with_lark(event: bytes) -> tuple[EventRule, list[int | bytes]] | None:
    """Return what trace_line.read_event returns, as Lark reads the event."""
    from lark.exceptions import UnexpectedInput

    for rule in event_rules().get(event_name(event), ()):
        try:
            tree = _parser(rule.rule.grammar).parse(event.decode("latin-1"), start=rule.rule.name)
        except UnexpectedInput:
            continue
        values = _values(rule, tree)
        if is_whole(rule, values):
            return rule, values
    return None


def explain(event: bytes) -> str:
    """Return where an event that no rule reads parts ways with the kernel's own wording."""
    from lark.exceptions import UnexpectedEOF, UnexpectedInput

    rule = event_rules()[event_name(event)][0].rule
    text = event.decode("latin-1")
    try:
        _parser(rule.grammar).parse(text, start=rule.name)
    except UnexpectedEOF:
        return "the line ends early"
    except UnexpectedInput as error:
        place = error.pos_in_stream
        if place is None or place < 0 or place >= len(text):
            return "the line ends early"
        return f"unexpected {text[place : place + 16]!r} at column {place + 1} of the event"
    return "a field is missing"


@cache
def _parser(grammar: str) -> Lark:
    from lark import Lark

    path = grammar_dir() / f"{grammar}.lark"
    starts = [
        rule.rule.name
        for rules in event_rules().values()
        for rule in rules
        if rule.rule.grammar == grammar
    ]
    return Lark(
        path.read_text(),
        parser="lalr",
        start=starts,
        import_paths=[str(path.parent)],
        keep_all_tokens=True,
        maybe_placeholders=False,
        g_regex_flags=re.ASCII,
    )


def _values(rule: EventRule, tree: Tree[Any]) -> list[int | bytes]:
    slots = {
        field: slot for (slot, _), (_, field, _) in zip(rule.slots, rule.rule.groups, strict=True)
    }
    values: list[int | bytes] = [ABSENT] * rule.width
    for name, tokens in _fields(tree):
        text = "".join(tokens)
        base = number_base(tokens[0].type) if len(tokens) == 1 else None
        values[slots[name]] = (
            text.encode("latin-1") if base is None else signed(to_number(text, base))
        )
    return values


def _fields(tree: Tree[Any]) -> Iterator[tuple[str, list[Any]]]:
    for child in tree.children:
        if hasattr(child, "data"):
            yield str(child.data).partition("__")[0], list(child.scan_values(lambda _: True))
