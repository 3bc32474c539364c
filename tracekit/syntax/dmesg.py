"""Log lines to events: route, match, build; what its rule cannot read is counted and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from tracekit.capture.line import Line, Log
from tracekit.events.base import Builder, Event, Source, builder
from tracekit.syntax.rule import Rule, to_number
from tracekit.syntax.rules import Router, dmesg_rules

# The events of a grammar stand in the module of the same name, but for these.
HOMES = {"memory_line": "mm_init", "zones": "mm_init"}

# A line whose beginning is at least this distinctive belongs to its rule: where the rule
# cannot read it, the line is garbled or its wording is new, and the user must hear of it.
GUARD = 8


@dataclass(slots=True)
class Parsed:
    """The events of one log in order, and the lines that look known but could not be read.

    ``recognised`` lines gave an event; ``unparsed`` lines were routed to a rule that could
    not read them; ``other`` lines are none of tracekit's business. ``rules`` are the grammar
    rules that read at least one line: the log's own shape.
    """

    events: list[Event] = field(default_factory=list)
    unparsed: list[Line] = field(default_factory=list)
    other: int = 0
    rules: set[str] = field(default_factory=set)

    @property
    def recognised(self) -> int:
        """The number of lines that gave an event."""
        return len(self.events)


@cache
def _router() -> Router:
    return Router(dmesg_rules())


def event_builder(rule: Rule) -> Builder:
    """Return what makes the event of a rule; its module is imported when a line first needs it.

    Raises KeyError where the module registers no class for the rule.
    """
    _import_events(rule.grammar)
    return builder(rule.name)


@cache
def _import_events(grammar: str) -> None:
    import_module(f"tracekit.events.{HOMES.get(grammar, grammar)}")


def parse_log(log: Log) -> Parsed:
    """Return the events of ``log``; lines keep their order, and none is dropped unseen."""
    parsed = Parsed()
    router = _router()
    for line in log.lines:
        text = line.text.strip()
        rules = router.candidates(text) if text else []
        found = _read(router, rules, text)
        if found is not None:
            rule, fields = found
            source = Source(log.path, line.number, line.time)
            parsed.events.append(event_builder(rule)(source, rule.name, fields))
            parsed.rules.add(rule.name)
        elif any(_guards(rule, text) for rule in rules):
            parsed.unparsed.append(line)
        else:
            parsed.other += 1
    return parsed


def _read(router: Router, rules: list[Rule], text: str) -> tuple[Rule, dict[str, Any]] | None:
    for rule in rules:
        match = router.match(rule, text)
        if match is not None:
            return rule, match_fields(rule, match)
    return None


def _guards(rule: Rule, text: str) -> bool:
    return any(len(prefix) >= GUARD and text.startswith(prefix) for prefix in rule.prefixes)


def match_fields(rule: Rule, match: re.Match[str]) -> dict[str, Any]:
    """Return the fields that the line shows, numbers converted; absent ones are left out."""
    return {
        name: text if base is None else to_number(text, base)
        for (_, name, base), text in zip(rule.groups, match.groups(), strict=True)
        if text is not None
    }
