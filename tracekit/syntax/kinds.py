"""The kinds of trace events that the grammars know, and the rules that read each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property

from tracekit.events.table import Kind
from tracekit.syntax.rule import Rule
from tracekit.syntax.rules import EVENT_GRAMMARS, grammar_rules


class EventRule:
    """One wording of an event: its expression, and for each group the field and its base.

    ``slots`` maps groups to positions in Kind.fields; ``required`` are the positions without
    which the line is not whole; ``width`` is the number of fields of the kind.
    """

    def __init__(
        self, code: int, rule: Rule, fields: Sequence[str], required: Sequence[str]
    ) -> None:
        self.code = code
        self.rule = rule
        self.slots = tuple((fields.index(field), base) for _, field, base in rule.groups)
        self.required = tuple(fields.index(field) for field in required)
        self.width = len(fields)

    @cached_property
    def regex(self) -> re.Pattern[bytes]:
        """The compiled expression: few of them are ever needed."""
        return re.compile(self.rule.regex.encode())


def event_name(rule: Rule) -> str:
    """Return the event that a rule reads: what stands before a double underscore."""
    return rule.name.partition("__")[0]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of events; the place of a kind is its code."""
    fields: dict[str, dict[str, None]] = {}
    texts: dict[str, set[str]] = {}
    for rule in _rules():
        name = event_name(rule)
        known = fields.setdefault(name, {})
        for _, field, base in rule.groups:
            known[field] = None
            if base is None:
                texts.setdefault(name, set()).add(field)
    return tuple(
        Kind(name, tuple(known), frozenset(texts.get(name, ()))) for name, known in fields.items()
    )


@cache
def event_rules() -> dict[bytes, tuple[EventRule, ...]]:
    """Return the rules of every event by its name, the kernel's own wording first."""
    found: dict[bytes, list[EventRule]] = {}
    codes = {kind.name: code for code, kind in enumerate(kinds())}
    first: dict[int, Rule] = {}
    for rule in _rules():
        code = codes[event_name(rule)]
        required = first.setdefault(code, rule).required
        made = EventRule(code, rule, kinds()[code].fields, required)
        found.setdefault(event_name(rule).encode(), []).append(made)
    return {name: tuple(rules) for name, rules in found.items()}


def _rules() -> Iterator[Rule]:
    for grammar in EVENT_GRAMMARS:
        yield from grammar_rules(grammar)
