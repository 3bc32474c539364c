"""The lowered rules of all grammars, and the route from a line to the rules that may read it.

The tables are built with the package (``python -m tracekit.syntax.build``). Where they are
absent or older than the grammars, as in a checkout under work, the grammars are lowered on
the spot: slower to start, the same rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

from tracekit.syntax.rule import Rule

TABLES = Path(__file__).with_name("tables.json")
EVENT_GRAMMARS = ("kmem", "percpu")
TRACE_GRAMMARS = (*EVENT_GRAMMARS, "ftrace")
# These only say who speaks: a line belongs to them if no other rule can read it.
LAST_GRAMMARS = ("arch_signs",)
ROUTE_KEY = 4
HEAD = 20
MOST_HEADS = 8192

Step = tuple[Any, ...]
Program = list[Step]
SCANNER = "scanner"
# the modules whose change makes stored tables out of date
LOWERING = ("rule", "pattern", "lower", "steps", "program", "assemble")


def grammar_dir() -> Path:
    """Return the folder of the .lark files: in the wheel, or beside the package in a checkout."""
    inside = Path(__file__).parents[1] / "grammars"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "grammars"


def digest(path: Path) -> int:
    """Return the checksum by which a table knows the grammar, and the code, that made it."""
    common = path.with_name("common.lark")
    shared = common.read_bytes() if common.exists() else b""
    return crc32(path.read_bytes() + shared + _code())


@cache
def _code() -> bytes:
    folder = Path(__file__).parent
    return b"".join((folder / f"{name}.py").read_bytes() for name in LOWERING)


def build_tables() -> dict[str, Any]:
    """Lower every grammar; return what ``tables.json`` holds: name -> digest and rules."""
    return {
        path.stem: {
            "digest": digest(path),
            "rules": _lower(path),
        }
        for path in grammar_paths()
    }


def _lower(path: Path) -> list[Rule]:
    from tracekit.syntax.lower import lower

    return lower(path, routed=path.stem not in TRACE_GRAMMARS)


def grammar_paths() -> list[Path]:
    """Return the grammar files in order of name; common.lark holds terminals only."""
    return [p for p in sorted(grammar_dir().glob("*.lark")) if p.stem != "common"]


@cache
def _stored() -> dict[str, Any]:
    return json.loads(TABLES.read_text()) if TABLES.exists() else {}


@cache
def grammar_rules(name: str) -> tuple[Rule, ...]:
    """Return the lowered event rules of one grammar, by its name without ``.lark``."""
    table = _table(name)
    if table is None:
        return tuple(_lower(grammar_dir() / f"{name}.lark"))
    return tuple(_rule(row) for row in table["rules"])


@cache
def grammar_programs(name: str) -> dict[str, Program]:
    """Return the line programs of a trace grammar by rule, of those rules that have one.

    They are made on the spot: what a build stores is the scanner's tables, made from them.
    """
    from tracekit.syntax.lower import load_patterns
    from tracekit.syntax.program import NotLoweredError, compile_program

    programs = {}
    for rule, pattern in load_patterns(grammar_dir() / f"{name}.lark").items():
        with suppress(NotLoweredError):
            programs[rule] = compile_program(pattern)
    return programs


def stored_scanner() -> dict[str, Any] | None:
    """Return the scanner's tables as the build stored them, None where they are out of date."""
    stored: dict[str, Any] | None = _stored().get(SCANNER)
    if stored is None or any(_table(name) is None for name in TRACE_GRAMMARS):
        return None
    return stored


def _table(name: str) -> dict[str, Any] | None:
    """Return what the build stored for a grammar, None where it is absent or out of date."""
    table: dict[str, Any] | None = _stored().get(name)
    if table is None or table["digest"] != digest(grammar_dir() / f"{name}.lark"):
        return None
    return table


def _rule(row: list[Any]) -> Rule:
    """Return a rule as it was stored: JSON keeps the order of a tuple, but not its kind."""
    grammar, name, regex, groups, prefixes, required, needle = row
    groups = tuple((group, field, base) for group, field, base in groups)
    return Rule(grammar, name, regex, groups, tuple(prefixes), tuple(required), needle)


def dmesg_rules() -> Iterator[Rule]:
    """Yield the event rules of every grammar that describes log lines (not trace lines)."""
    names = [path.stem for path in grammar_paths() if path.stem not in TRACE_GRAMMARS]
    for name in sorted(names, key=lambda name: name in LAST_GRAMMARS):
        yield from grammar_rules(name)


class Router:
    """Finds the rules that can read a line by its first characters.

    Driver chatter finds none and costs one or two look-ups. Expressions are compiled when
    a line first asks for them.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._routes: dict[str, list[tuple[str, Rule]]] = {}
        self._compiled: dict[str, re.Pattern[str]] = {}
        self._sizes: tuple[int, ...] = ()
        self._needles: list[tuple[str, Rule]] = []
        for rule in rules:
            if rule.needle:
                self._needles.append((rule.needle, rule))
            for prefix in filter(None, rule.prefixes):
                self._routes.setdefault(prefix[:ROUTE_KEY], []).append((prefix, rule))
        self._sizes = tuple(sorted({len(key) for key in self._routes}, reverse=True))
        self._by_head: dict[str, list[tuple[tuple[str, ...], Rule]]] = {}

    def candidates(self, text: str) -> list[Rule]:
        """Return the rules whose fixed beginning, or fixed text inside, ``text`` shows."""
        found = [
            rule for prefixes, rule in self._compatible(text[:HEAD]) if text.startswith(prefixes)
        ]
        for needle, rule in self._needles:
            if needle in text:
                found.append(rule)
        return found

    def _compatible(self, head: str) -> list[tuple[tuple[str, ...], Rule]]:
        """Return the rules that a line with this beginning may have; most lines repeat one."""
        known = self._by_head.get(head)
        if known is None:
            if len(self._by_head) >= MOST_HEADS:
                self._by_head.clear()
            prefixes: dict[int, list[str]] = {}
            rules: dict[int, Rule] = {}
            for prefix, rule in chain.from_iterable(
                self._routes.get(head[:n], ()) for n in self._sizes
            ):
                if head.startswith(prefix[:HEAD]):
                    prefixes.setdefault(id(rule), []).append(prefix)
                    rules[id(rule)] = rule
            known = [(tuple(found), rules[key]) for key, found in prefixes.items()]
            self._by_head[head] = known
        return known

    def match(self, rule: Rule, text: str) -> re.Match[str] | None:
        """Return the match of the whole line by the rule, or None."""
        compiled = self._compiled.get(rule.name)
        if compiled is None:
            compiled = self._compiled[rule.name] = re.compile(rule.regex)
        return compiled.fullmatch(text)
