"""Events read by Lark itself: the grammar's own word on a line that nothing faster could read.

Slow, and loaded only when such a line turns up. Its verdict on a line that it cannot read
either says where the line parts ways with the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from tracekit.syntax.kinds import EventRule, event_rules
from tracekit.syntax.rule import number_base
from tracekit.syntax.rules import grammar_dir
from tracekit.syntax.trace_line import event_name, is_whole, to_values

if TYPE_CHECKING:
    from lark import Lark, Tree

MOST_EXPECTED = 4


def read_with_lark(event: bytes) -> tuple[EventRule, list[int | bytes]] | None:
    """Return what trace_line.read_event returns, as Lark reads the event."""
    from lark.exceptions import UnexpectedInput

    for rule in event_rules().get(event_name(event), ()):
        try:
            tree = _parser(rule.rule.grammar, rule.rule.name).parse(event.decode("latin-1"))
        except UnexpectedInput:
            continue
        shown = list(_shown(rule, tree))
        if is_whole(rule, [slot for slot, _, _ in shown]):
            return rule, to_values(rule, shown)
    return None


def explain(event: bytes) -> str:
    """Return where an event that no rule reads parts ways with the kernel's own wording."""
    from lark.exceptions import UnexpectedEOF, UnexpectedInput

    rule = event_rules()[event_name(event)][0].rule
    text = event.decode("latin-1")
    try:
        _parser(rule.grammar, rule.name).parse(text)
    except UnexpectedEOF:
        return "the line ends early"
    except UnexpectedInput as error:
        place = error.pos_in_stream
        if place is None or place < 0 or place >= len(text):
            return "the line ends early"
        return f"unexpected {text[place : place + 16]!r} at column {place + 1} of the event"
    return "a field is missing"


@cache
def _parser(grammar: str, rule: str) -> Lark:
    """Return a parser of one rule: alone, its tokens cannot be mistaken for another rule's."""
    from lark import Lark

    path = grammar_dir() / f"{grammar}.lark"
    return Lark(
        path.read_text(),
        parser="lalr",
        start=rule,
        import_paths=[str(path.parent)],
        keep_all_tokens=True,
        maybe_placeholders=False,
        g_regex_flags=re.ASCII,
    )


def _shown(rule: EventRule, tree: Tree[Any]) -> Iterator[tuple[int, int | None, bytes]]:
    """Yield the place of each field that the tree shows, its number's base, and its text."""
    names = (field for _, field, _ in rule.rule.groups)
    slots = dict(zip(names, (slot for slot, _ in rule.slots), strict=True))
    for child in tree.children:
        if hasattr(child, "data"):
            tokens = list(child.scan_values(lambda _: True))
            base = number_base(tokens[0].type) if len(tokens) == 1 else None
            name = str(child.data).partition("__")[0]
            yield slots[name], base, "".join(tokens).encode("latin-1")
