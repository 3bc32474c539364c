"""Lower the line rules of a grammar to patterns, reading Lark's own compiled grammar.

Conventions of the files in ``grammars/``: ``start`` lists the event rules. Inside an event
rule a lower-case rule is a field (its matched text is the value), a rule whose name begins
with ``_`` is inlined, and terminals carry the type by their name (pattern.number_base). A
double underscore ends a field's name, so that ``base__2`` is the field ``base`` again.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tracekit.syntax.pattern import (
    Choice,
    Field,
    Literal,
    Pattern,
    Regex,
    Repeat,
    Sequence,
    Token,
    longest_literal,
    prefixes,
    required_fields,
)
from tracekit.syntax.rule import Rule


class GrammarError(Exception):
    """A grammar breaks a convention; the message names the file and the rule."""


# A text inside a line must be this long to tell what the line is.
NEEDLE = 12


def load_patterns(path: Path) -> dict[str, Pattern]:
    """Return the pattern of every event rule that ``start`` of the grammar file lists.

    Raises GrammarError where a rule is recursive or names what is not defined.
    """
    from lark import load_grammar as lark_loader

    load_grammar: Any = lark_loader.load_grammar
    compiled, _ = load_grammar(path.read_text(), str(path), [str(path.parent)], False)
    terminals, _, _ = compiled.compile(["start"], "*")
    rules = {str(name): tree for name, _, tree, _ in compiled.rule_defs}
    reader = _Reader(path.name, rules, {t.name: t for t in terminals})
    return {name: reader.rule(name) for name in _event_rules(rules["start"])}


def lower(path: Path, routed: bool = True) -> list[Rule]:
    """Return the event rules of the grammar file, lowered; the order is that of ``start``.

    Lines find ``routed`` rules by how they begin, or by a long text inside them. Raises
    GrammarError where such a rule has neither.
    """
    return [_lower_rule(path.stem, name, p, routed) for name, p in load_patterns(path).items()]


def _lower_rule(grammar: str, name: str, pattern: Pattern, routed: bool) -> Rule:
    regex = Regex()
    text = regex.render(pattern)
    starts = tuple(sorted(prefixes(pattern)))
    needle = longest_literal(pattern) if "" in starts else ""
    if routed and "" in starts and len(needle) < NEEDLE:
        raise GrammarError(f"{grammar}.lark: rule {name} must begin with a literal or a number")
    required = tuple(sorted(required_fields(pattern)))
    return Rule(grammar, name, text, tuple(regex.groups), starts, required, needle)


def _event_rules(start: Any) -> list[str]:
    return [str(leaf.name) for leaf in start.scan_values(lambda v: hasattr(v, "name"))]


class _Reader:
    """Turns the expression trees of one Lark grammar into patterns."""

    def __init__(self, file: str, rules: dict[str, Any], terminals: dict[str, Any]) -> None:
        self.file = file
        self.rules = rules
        self.terminals = terminals
        self.open: list[str] = []

    def rule(self, name: str) -> Pattern:
        if name in self.open:
            raise GrammarError(f"{self.file}: rule {name} is recursive: {' -> '.join(self.open)}")
        if name not in self.rules:
            raise GrammarError(f"{self.file}: rule {name} is not defined")
        self.open.append(name)
        pattern = self.tree(self.rules[name])
        self.open.pop()
        return pattern

    def tree(self, tree: Any) -> Pattern:
        match tree.data:
            case "expansions":
                options = tuple(self.tree(child) for child in tree.children)
                return options[0] if len(options) == 1 else Choice(options)
            case "alias":
                return self.tree(tree.children[0])
            case "expansion":
                parts = tuple(self.tree(child) for child in tree.children)
                return parts[0] if len(parts) == 1 else Sequence(parts)
            case "maybe":
                return Repeat(self.tree(tree.children[0]), "?")
            case "expr":
                return self.repeat(tree)
            case "value":
                return self.value(tree.children[0])
            case "literal":
                return self.literal(tree.children[0])
        raise GrammarError(f"{self.file}: cannot lower '{tree.data}' in rule {self.open[-1]}")

    def repeat(self, tree: Any) -> Pattern:
        inner, operator, *bounds = tree.children
        if not bounds:
            return Repeat(self.tree(inner), str(operator))
        low, high = str(operator), str(bounds[0])
        return Repeat(self.tree(inner), f"{{{low},{high}}}")

    def value(self, leaf: Any) -> Pattern:
        if hasattr(leaf, "data"):
            return self.tree(leaf)
        name = str(leaf.name)
        if name in self.rules:
            inner = self.rule(name)
            return inner if name.startswith("_") else Field(name, inner)
        return self.terminal(name)

    def terminal(self, name: str) -> Pattern:
        if name not in self.terminals:
            raise GrammarError(f"{self.file}: terminal {name} is not defined")
        pattern = self.terminals[name].pattern
        if pattern.type == "str":
            return Literal(pattern.value)
        regex = pattern.to_regexp()
        if re.compile(regex).groups:
            raise GrammarError(f"{self.file}: terminal {name} must group with (?:...)")
        words = _plain_words(regex)
        if words:
            return Choice(tuple(map(Literal, words)))
        return Token(name, regex, last=self.terminals[name].priority < 0)

    def literal(self, token: Any) -> Pattern:
        from ast import literal_eval

        if token.type == "STRING":
            return Literal(str(literal_eval(str(token))))
        body = str(token)
        return Token("TEXT", body[1 : body.rindex("/")])


def _plain_words(regex: str) -> list[str] | None:
    """Return the words of an expression that only lists words, longest first, else None."""
    inner = regex[3:-1] if regex.startswith("(?:") and regex.endswith(")") else regex
    words = [re.sub(r"\\(.)", r"\1", word) for word in inner.split("|")]
    if len(words) < 2 or "|".join(re.escape(word) for word in words) != inner:
        return None
    return sorted(words, key=len, reverse=True)
