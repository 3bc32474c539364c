"""Lower a line's shape to a program for the compiled scanner: a short list of simple steps.

The steps stand in steps.py. A program may fail on a line that the rule can read (the regular
expression is tried next, so that costs only time), but must never read a line differently.
"""

from __future__ import annotations

from collections.abc import Sequence as Seq
from re import _constants as sre
from re import _parser as regex_parser
from typing import Any

from tracekit.syntax.pattern import (
    Choice,
    Field,
    Literal,
    Pattern,
    Repeat,
    Sequence,
    Token,
    field_base,
)
from tracekit.syntax.rule import HIDDEN
from tracekit.syntax.rules import Step
from tracekit.syntax.steps import HIDDEN_VALUE, JUMPS

# Numbers and stamps that the scanner reads in one step, if a terminal has just this form.
FORMS = {
    "hex": r"(?:0x)?[0-9a-fA-F]{1,16}",
    "auto": r"0x[0-9a-fA-F]{1,16}|-?(?:0|[1-9][0-9]{0,17})",
    "clock": r"[0-8]?[0-9]{1,9}\.[0-9]{1,9}|[0-9]{1,18}",
}
ANY = "".join(chr(byte) for byte in range(256) if byte != 0x0A)
SPACE = " \t\n\r\f\v"
BYTES = [chr(byte) for byte in range(256)]


class NotLoweredError(Exception):
    """A shape that line programs cannot express; the regular expression reads such lines."""


def compile_program(pattern: Pattern) -> list[Step]:
    """Return the program of a line's shape. Raises NotLoweredError where there can be none."""
    compiler = _Compiler()
    compiler.pattern(pattern)
    if compiler.steps[-1:] != [("event",)]:
        compiler.emit("end")
    return compiler.linked()


class _Compiler:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.labels: list[int] = []

    def emit(self, *step: Any) -> None:
        self.steps.append(step)

    def label(self) -> int:
        """Return a new label; it stands nowhere until ``place`` puts it."""
        self.labels.append(-1)
        return len(self.labels) - 1

    def place(self, label: int) -> None:
        self.labels[label] = len(self.steps)

    def linked(self) -> list[Step]:
        """Return the steps with labels replaced by the places where they stand."""
        self.shorten()
        return [
            (*step[:-1], self.labels[step[-1]]) if step[0] in JUMPS else step for step in self.steps
        ]

    def shorten(self) -> None:
        """Put common sequences of steps into one, where nothing jumps into their middle."""
        moved: dict[int, int] = {}
        short: list[Step] = []
        at = 0
        while at < len(self.steps):
            moved[at] = len(short)
            step, size = _shorthand(self.steps[at : at + 3])
            if any(at < label < at + size for label in self.labels):
                step, size = self.steps[at], 1
            short.append(step)
            at += size
        moved[at] = len(short)
        self.labels = [moved[label] for label in self.labels]
        self.steps = short

    def pattern(self, pattern: Pattern) -> None:
        match pattern:
            case Literal():
                self.emit("lit", pattern.text)
            case Token():
                self.token(_parse(pattern.regex))
            case Field():
                self.field(pattern)
            case Sequence():
                self.sequence(pattern.parts)
            case Choice():
                self.choice([_Part(self, option) for option in pattern.options])
            case Repeat():
                self.repeat(_Part(self, pattern.inner), pattern.operator)

    def sequence(self, parts: Seq[Pattern]) -> None:
        """Write parts one after the other; behind a number the rest is often a known one."""
        for place, part in enumerate(parts):
            if place and _ends_in_number(parts[place - 1]):
                self.emit("memo")
            self.pattern(part)

    def field(self, field: Field) -> None:
        name = field.name.partition("__")[0]
        base = field_base(field.inner)
        if name == "event":
            self.emit("event")
            return
        if base is not None and base < 0:
            self.pattern(field.inner)
            self.emit("const", name, HIDDEN_VALUE if base == HIDDEN else -1 - base)
            return
        form = _form(field)
        if form is not None and (base is not None or name == "time"):
            self.emit(form, name, 0)
            return
        self.emit("mark")
        self.pattern(field.inner)
        if base is not None:
            self.emit("number", name, base)
        else:
            self.emit("time" if name == "time" else "text", name, 0)

    def choice(self, parts: Seq[_Part]) -> None:
        done = self.label()
        for place, part in enumerate(parts):
            if place == len(parts) - 1:
                part.write()
                break
            other = self.label()
            part.write_if(other, parts[place + 1 :])
            self.emit("jump", done)
            self.place(other)
        self.place(done)

    def repeat(self, part: _Part, operator: str) -> None:
        done = self.label()
        if operator == "+":
            part.write()
        elif operator not in "?*":
            raise NotLoweredError(f"repetition {operator}")
        again = self.label()
        self.place(again)
        part.write_if(done, ())
        if operator != "?":
            self.emit("jump", again)
        self.place(done)

    def token(self, nodes: Seq[Any]) -> None:
        """Write the steps of a parsed regular expression."""
        place = 0
        while place < len(nodes):
            text = _leading_text(nodes[place:])
            if text:
                self.emit("lit", text)
                place += len(text)
                continue
            lazy = nodes[place][0] is sre.MIN_REPEAT
            self.node(nodes[place], nodes[place + 1 :])
            place += 2 if lazy else 1

    def node(self, node: Any, rest: Seq[Any]) -> None:
        kind, value = node
        if kind is sre.MAX_REPEAT:
            self.greedy(*value)
        elif kind is sre.MIN_REPEAT:
            self.lazy(value, rest)
        elif kind is sre.BRANCH:
            self.choice([_TokenPart(self, list(option)) for option in value[1]])
        elif kind is sre.SUBPATTERN:
            self.token(list(value[3]))
        elif kind is sre.ASSERT:
            self.look_ahead(list(value[1]))
        else:
            self.emit("span", _byte_set(node), 1, 1)

    def greedy(self, least: int, most: Any, nodes: Any) -> None:
        limit = -1 if most is sre.MAXREPEAT else int(most)
        if len(nodes) == 1 and _is_byte(nodes[0]):
            self.emit("span", _byte_set(nodes[0]), least, limit)
        elif (least, limit) == (0, 1):
            self.repeat(_TokenPart(self, list(nodes)), "?")
        else:
            raise NotLoweredError("a repeated group")

    def lazy(self, value: Any, rest: Seq[Any]) -> None:
        """``.*?`` up to what must follow: only its first byte is looked for.

        The rest of what must follow is checked by the steps after it; where they fail, the
        search goes on.
        """
        least, _, nodes = value
        if least or len(nodes) != 1 or nodes[0][0] is not sre.ANY:
            raise NotLoweredError("a lazy repetition of something else than any byte")
        if not rest or rest[0][0] is not sre.ASSERT or rest[0][1][0] != 1:
            raise NotLoweredError("a lazy repetition without a look-ahead")
        self.emit("seek", _first(list(rest[0][1][1])))

    def look_ahead(self, nodes: Seq[Any]) -> None:
        if len(nodes) != 1 or not _is_byte(nodes[0]):
            raise NotLoweredError("a look-ahead of more than a byte")
        self.emit("need", _byte_set(nodes[0]))


class _Part:
    """A part of a choice or repetition: how it begins, and how it is written."""

    def __init__(self, compiler: _Compiler, pattern: Pattern) -> None:
        self.compiler = compiler
        self.inner = pattern

    def opening(self) -> str:
        """Return the text that the part begins with, where that is fixed."""
        return _opening(self.inner)

    def first(self) -> str:
        """Return the bytes that the part can begin with."""
        return _first_of(self.inner)

    def write(self) -> None:
        """Write the part as one that must be there."""
        self.compiler.pattern(self.inner)

    def write_rest(self) -> None:
        """Write what stands behind the opening."""
        self.compiler.pattern(_without_opening(self.inner))

    def write_if(self, other: int, later: Seq[_Part]) -> None:
        """Write the part behind a test that goes to ``other`` where it does not begin here."""
        compiler, opening = self.compiler, self.opening()
        begins = [part.opening() for part in later]
        if opening and not any(text.startswith(opening) for text in begins):
            compiler.emit("if_lit", opening, other)
            self.write_rest()
            return
        first = self.first()
        if set(first).isdisjoint("".join(part.first() for part in later)):
            compiler.emit("if_set", first, other)
        else:
            compiler.emit("try", other)
        self.write()


class _TokenPart(_Part):
    """The same for a part of a regular expression."""

    def __init__(self, compiler: _Compiler, nodes: Seq[Any]) -> None:
        self.compiler = compiler
        self.nodes = list(nodes)

    def opening(self) -> str:
        return _leading_text(self.nodes)

    def first(self) -> str:
        return _first(self.nodes)

    def write(self) -> None:
        self.compiler.token(self.nodes)

    def write_rest(self) -> None:
        self.compiler.token(self.nodes[len(self.opening()) :])


def _form(field: Field) -> str | None:
    """Return which of FORMS a field's text has, None for none."""
    if not isinstance(field.inner, Token):
        return None
    regex = field.inner.regex
    return next((step for step, form in FORMS.items() if regex == form), None)


def _ends_in_number(pattern: Pattern) -> bool:
    """Return whether the last field of a part may be a number that a step reads by its form."""
    match pattern:
        case Field():
            return _form(pattern) in ("hex", "auto")
        case Sequence():
            return bool(pattern.parts) and _ends_in_number(pattern.parts[-1])
        case Choice():
            return any(map(_ends_in_number, pattern.options))
        case Repeat():
            return _ends_in_number(pattern.inner)
        case _:
            return False


def _shorthand(steps: Seq[Step]) -> tuple[Step, int]:
    """Return one step for the first of these, and how many of them it stands for."""
    match steps:
        case [("mark",), ("span", members, 1, -1), ("text", field, _)]:
            return ("word", members, field), 3
        case [("lit", text), ("auto", field, _), *_]:
            return ("lit_auto", text, field), 2
        case _:
            return steps[0], 1


def _parse(regex: str) -> list[Any]:
    return list(regex_parser.parse(regex))


def _leading_text(nodes: Seq[Any]) -> str:
    text = ""
    for kind, value in nodes:
        if kind is not sre.LITERAL:
            break
        text += chr(value)
    return text


def _is_byte(node: Any) -> bool:
    return node[0] in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY)


def _byte_set(node: Any) -> str:
    """Return the bytes that a node of one byte stands for."""
    kind, value = node
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.NOT_LITERAL:
        return "".join(byte for byte in BYTES if byte != chr(value))
    if kind is sre.ANY:
        return ANY
    if kind is sre.IN:
        return _class(value)
    raise NotLoweredError(str(kind))


def _class(items: Seq[Any]) -> str:
    members: set[str] = set()
    negated = False
    for kind, value in items:
        if kind is sre.NEGATE:
            negated = True
        elif kind is sre.RANGE:
            members |= set(BYTES[value[0] : value[1] + 1])
        elif kind is sre.CATEGORY:
            members |= set(_category(value))
        else:
            members.add(chr(value))
    return "".join(byte for byte in BYTES if (byte in members) != negated)


def _category(value: Any) -> str:
    if value is sre.CATEGORY_SPACE:
        return SPACE
    if value is sre.CATEGORY_WORD:
        return "".join(b for b in BYTES if b < "\x80" and (b.isalnum() or b == "_"))
    raise NotLoweredError(str(value))


def _first(nodes: Seq[Any]) -> str:
    """Return the bytes that a regular expression can begin with."""
    found = ""
    for kind, value in nodes:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            found += _first(list(value[2]))
            if value[0]:
                return found
        elif kind is sre.SUBPATTERN:
            return found + _first(list(value[3]))
        elif kind is sre.BRANCH:
            return found + "".join(_first(list(option)) for option in value[1])
        elif kind is not sre.ASSERT:
            return found + _byte_set((kind, value))
    return found or "".join(BYTES)


def _opening(pattern: Pattern) -> str:
    match pattern:
        case Literal():
            return pattern.text
        case Sequence():
            return _opening(pattern.parts[0])
        case _:
            return ""


def _without_opening(pattern: Pattern) -> Pattern:
    match pattern:
        case Sequence():
            return Sequence((_without_opening(pattern.parts[0]), *pattern.parts[1:]))
        case _:
            return Sequence(())


def _first_of(pattern: Pattern) -> str:
    """Return the bytes that a pattern can begin with."""
    match pattern:
        case Literal():
            return pattern.text[0]
        case Token():
            return _first(_parse(pattern.regex))
        case Field() | Repeat():
            return _first_of(pattern.inner)
        case Choice():
            return "".join(map(_first_of, pattern.options))
        case Sequence():
            found = ""
            for part in pattern.parts:
                found += _first_of(part)
                if not (isinstance(part, Repeat) and part.operator in "?*"):
                    break
            return found
