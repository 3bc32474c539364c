"""Log lines to events: route, match, build; what its rule cannot read is counted and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import tracekit.events
from tracekit.capture.line import Line, Log
from tracekit.events.base import Event, Source, builder
from tracekit.syntax.lower import Rule
from tracekit.syntax.pattern import to_number
from tracekit.syntax.rules import Router, dmesg_rules

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
    for module in iter_modules(tracekit.events.__path__):
        import_module(f"tracekit.events.{module.name}")
    return Router(dmesg_rules())


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
            parsed.events.append(builder(rule)(source, rule, fields))
            parsed.rules.add(rule)
        elif any(_guards(rule, text) for rule in rules):
            parsed.unparsed.append(line)
        else:
            parsed.other += 1
    return parsed


def _read(router: Router, rules: list[Rule], text: str) -> tuple[str, dict[str, Any]] | None:
    for rule in rules:
        match = router.match(rule, text)
        if match is not None:
            return rule.name, match_fields(rule, match)
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
