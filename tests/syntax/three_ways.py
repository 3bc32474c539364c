"""The ways of reading one line, side by side: Lark itself, and the lowered expression."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.load_grammar import load_grammar

from tracekit.syntax.dmesg import match_fields
from tracekit.syntax.lower import load_patterns, lower
from tracekit.syntax.pattern import (
    Choice,
    Field,
    Literal,
    Pattern,
    Repeat,
    Sequence,
)
from tracekit.syntax.pattern import Token as Terminal
from tracekit.syntax.rule import Rule, to_number
from tracekit.syntax.rules import TRACE_GRAMMARS, grammar_paths

GRAMMARS = {path.stem: path for path in grammar_paths() if path.stem not in TRACE_GRAMMARS}


_ALPHABET = st.characters(min_codepoint=32, max_codepoint=126, include_characters="\t")


@cache
def rules() -> dict[str, Rule]:
    """Return every rule for log lines by its name, lowered from the grammars as they are."""
    return {rule.name: rule for path in GRAMMARS.values() for rule in lower(path)}


@cache
def patterns(grammar: str) -> dict[str, Pattern]:
    """Return the pattern of every rule of a grammar."""
    return load_patterns(GRAMMARS[grammar])


@cache
def loaded(grammar: str) -> Any:
    """Return a grammar as Lark's own loader reads it."""
    path = GRAMMARS[grammar]
    return load_grammar(path.read_text(), str(path), [str(path.parent)], True)[0]


@cache
def parser(grammar: str, rule: str) -> Lark:
    """Return Lark for one rule of a grammar.

    One parser a rule: in a parser for all rules LALR(1) merges what may follow a field in any
    of them, and the lexer then takes the longest text of some other rule.
    """
    return Lark(
        loaded(grammar),
        parser="lalr",
        lexer="contextual",
        start=rule,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def by_expression(rule: Rule, line: str) -> dict[str, Any] | None:
    """Return the fields that the lowered expression reads, None where it does not match."""
    match = re.fullmatch(rule.regex, line)
    return None if match is None else match_fields(rule, match)


def by_lark(rule: Rule, line: str) -> dict[str, Any] | None:
    """Return the fields that Lark reads, None where it does not parse."""
    try:
        tree = parser(rule.grammar, rule.name).parse(line)
    except UnexpectedInput:
        return None
    return fields_of(rule, tree)


def fields_of(rule: Rule, tree: Tree[Token]) -> dict[str, Any]:
    """Return the fields of a parse tree by the conventions of the grammars."""
    bases = {name: base for _, name, base in rule.groups}
    fields: dict[str, Any] = {}
    for child in tree.children:
        if isinstance(child, Tree):
            name = str(child.data).partition("__")[0]
            fields[name] = _value(child, bases[name])
    return fields


def _value(field: Tree[Token], base: int | None) -> Any:
    text = "".join(field.scan_values(lambda value: isinstance(value, Token)))
    return text if base is None else to_number(text, base)


def lines_of(pattern: Pattern) -> st.SearchStrategy[str]:
    """Generate lines of a rule from its pattern."""
    match pattern:
        case Literal():
            return st.just(pattern.text)
        case Terminal():
            return _texts(pattern.regex)
        case Field():
            return lines_of(pattern.inner)
        case Sequence():
            return st.tuples(*map(lines_of, pattern.parts)).map("".join)
        case Choice():
            return st.one_of(*map(lines_of, pattern.options))
        case Repeat():
            least, most = {"?": (0, 1), "*": (0, 3), "+": (1, 3)}[pattern.operator]
            inner = lines_of(pattern.inner)
            return st.lists(inner, min_size=least, max_size=most).map("".join)


def _texts(regex: str) -> st.SearchStrategy[str]:
    """Texts of a terminal; what it looks ahead to is another part's affair."""
    plain = re.sub(r"\(\?[=!][^()]*(?:\([^()]*\)[^()]*)*\)", "", regex)
    return st.from_regex(plain, fullmatch=True, alphabet=_ALPHABET)
