"""The shape of one line as a small tree: what a grammar rule is lowered to.

A grammar rule without recursion is a regular language. Its tree is the common ground of the
three ways of reading a line: Lark itself, one regular expression per event, and the line
programs of the compiled scanner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain

from tracekit.syntax.rule import number_base


@dataclass(frozen=True, slots=True)
class Literal:
    """A fixed text."""

    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """A terminal given by a regular expression; ``name`` carries its type.

    One of negative priority is the ``last`` resort of a choice: it reads nothing that begins
    like another option.
    """

    name: str
    regex: str
    last: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of the line whose matched text is the value."""

    name: str
    inner: Pattern


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts."""

    options: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part that may be absent (``?``), or stands any number of times (``*``, ``+``)."""

    inner: Pattern
    operator: str


Pattern = Literal | Token | Field | Sequence | Choice | Repeat

_NUMBER_STARTS = {"HEX": "0123456789abcdefABCDEF", "DEC": "-0123456789"}


def children(pattern: Pattern) -> tuple[Pattern, ...]:
    """Return the parts that ``pattern`` is made of."""
    match pattern:
        case Field() | Repeat():
            return (pattern.inner,)
        case Sequence():
            return pattern.parts
        case Choice():
            return pattern.options
        case _:
            return ()


def field_names(pattern: Pattern) -> list[str]:
    """Return the names of the fields in ``pattern``, outer before inner, with repetitions."""
    own = [pattern.name] if isinstance(pattern, Field) else []
    return own + list(chain.from_iterable(map(field_names, children(pattern))))


def required_fields(pattern: Pattern) -> set[str]:
    """Return the names of the fields that every line of this shape shows."""
    match pattern:
        case Field():
            return {pattern.name.partition("__")[0]}
        case Sequence():
            return set().union(*map(required_fields, pattern.parts))
        case Choice():
            return set.intersection(*map(required_fields, pattern.options))
        case Repeat() if pattern.operator == "+":
            return required_fields(pattern.inner)
        case _:
            return set()


def longest_literal(pattern: Pattern) -> str:
    """Return the longest fixed text that every line of this shape holds."""
    match pattern:
        case Literal():
            return pattern.text
        case Field() | Sequence():
            return max(map(longest_literal, children(pattern)), key=len, default="")
        case Repeat() if pattern.operator == "+":
            return longest_literal(pattern.inner)
        case _:
            return ""


def field_base(pattern: Pattern) -> int | None:
    """Return the number base of a field's content: that of its one terminal, else None."""
    match pattern:
        case Token():
            return number_base(pattern.name)
        case Choice():
            bases = {field_base(option) for option in pattern.options}
            return bases.pop() if len(bases) == 1 else None
        case _:
            return None


class Regex:
    """Renders patterns as a regular expression with one group per field.

    ``groups`` lists (group name, field name, number base) in order; a field that stands more
    than once in a line gets a numbered group each.
    """

    def __init__(self) -> None:
        self.groups: list[tuple[str, str, int | None]] = []

    def render(self, pattern: Pattern) -> str:
        """Return the expression for ``pattern`` and note its groups."""
        match pattern:
            case Literal():
                return re.escape(pattern.text)
            case Token():
                return f"(?:{pattern.regex})"
            case Field():
                return self._field(pattern)
            case Sequence():
                return "".join(map(self.render, pattern.parts))
            case Choice():
                return self._choice(pattern)
            case Repeat():
                return f"(?:{self.render(pattern.inner)}){pattern.operator}"

    def _choice(self, choice: Choice) -> str:
        others = "|".join(re.escape(text) for o in choice.options for text in _opening(o))
        options = [
            f"(?!{others})" * (isinstance(option, Token) and option.last) + self.render(option)
            for option in choice.options
        ]
        return "(?:" + "|".join(options) + ")"

    def _field(self, field: Field) -> str:
        name = field.name.partition("__")[0]
        group = f"{name}_{len(self.groups)}"
        self.groups.append((group, name, field_base(field.inner)))
        return f"(?P<{group}>{self.render(field.inner)})"


def _opening(pattern: Pattern) -> list[str]:
    """Return the text that a pattern begins with, where that is fixed."""
    match pattern:
        case Literal():
            return [pattern.text]
        case Sequence():
            return _opening(pattern.parts[0])
        case _:
            return []


def prefixes(pattern: Pattern, limit: int = 40) -> set[str]:
    """Return the texts that a line of this shape can begin with, each at most ``limit`` long.

    A text shorter than ``limit`` is where the fixed part of the line ends. The empty text
    says that the line can begin with anything.
    """
    return {text[:limit] for text, _open in _starts(pattern, limit)}


def _starts(pattern: Pattern, limit: int) -> set[tuple[str, bool]]:
    """Return (text, open) pairs; ``open`` says that the text may be followed by more literals."""
    match pattern:
        case Literal():
            return {(pattern.text, True)}
        case Token():
            return _token_starts(pattern)
        case Field():
            return _starts(pattern.inner, limit)
        case Choice():
            return set(chain.from_iterable(_starts(p, limit) for p in pattern.options))
        case Repeat():
            inner = _starts(pattern.inner, limit)
            if pattern.operator == "+":
                return {(text, False) for text, _ in inner}
            closed = pattern.operator == "*"
            return {(text, is_open and not closed) for text, is_open in inner} | {("", True)}
        case Sequence():
            return _sequence_starts(pattern, limit)


def _token_starts(token: Token) -> set[tuple[str, bool]]:
    kind = token.name[:3]
    if kind not in _NUMBER_STARTS:
        return {("", False)}
    return {(digit, False) for digit in _NUMBER_STARTS[kind]}


def _sequence_starts(sequence: Sequence, limit: int) -> set[tuple[str, bool]]:
    starts = {("", True)}
    for part in sequence.parts:
        grow = {text for text, is_open in starts if is_open and len(text) < limit}
        if not grow:
            break
        rest = {(text, is_open) for text, is_open in starts if text not in grow or not is_open}
        more = _starts(part, limit)
        starts = rest | {_join(text, tail, is_open) for text in grow for tail, is_open in more}
    return starts


def _join(text: str, tail: str, is_open: bool) -> tuple[str, bool]:
    """Lengthen a start; the digits of a number only matter where a line begins with them."""
    return (text + tail, True) if is_open else (text or tail, False)
