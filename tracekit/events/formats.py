"""Event format files: what a kernel says itself of the fields of its events.

They stand beside a trace in a captured boot (``formats/``), or in a copy of tracefs
(``events/kmem/NAME/format``), and are written by f_show() of kernel/trace/trace_events.c. Where
they are present they settle what the text of a line leaves open.
"""

from __future__ import annotations

import ast
import operator
import re
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tracekit.events.table import Column, Table, Trace

FOLDERS = ("formats/", "events/")
_FORMAT = re.compile(r"^name: (\w+)$(.*?)^print fmt: ([^\n]*)", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(
    r"^\s*field:.*?(\w+)(?:\[[^]]*\])?;\s*offset:\d+;\s*size:(\d+);(?:\s*signed:(\d);)?",
    re.MULTILINE,
)
_FLAG = re.compile(r'\{([^{}"]*),\s*"(\w+)"\s*\}')
_CAST = re.compile(r"\(\s*(?:unsigned )?\s*(?:long|int|gfp_t|u32|u64)\s*\)")
_SUFFIX = re.compile(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b")
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+")
_OPERATORS = {
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
# the largest shift that a flag of 64 bits is written with
_MOST_SHIFTED = 64


class Field(NamedTuple):
    """A field of an event as the ring buffer holds it. ``size`` is in bytes."""

    name: str
    size: int
    signed: bool


class Format(NamedTuple):
    """The fields of an event beside those common to all, and how they are printed."""

    fields: tuple[Field, ...]
    print_fmt: str


def parse_formats(text: str) -> dict[str, Format]:
    """Return the format of every event in one or several format files."""
    return {
        name: Format(
            tuple(
                Field(field, int(size), signed == "1")
                for field, size, signed in _FIELD.findall(body)
                if not field.startswith("common_")
            ),
            print_fmt,
        )
        for name, body, print_fmt in _FORMAT.findall(text)
    }


def read_formats(names: Iterable[str], read_text: Callable[[str], str | None]) -> dict[str, Format]:
    """Return the formats of events, by the event's name, that those of the named files hold
    which are format files. ``read_text`` returns what a file holds."""
    found: dict[str, Format] = {}
    for name in sorted(names):
        if name.startswith(FOLDERS):
            found |= parse_formats(read_text(name) or "")
    return found


def is_raw(trace: Trace) -> bool:
    """Return whether the trace shows flags as numbers, as ``trace-cmd report -R`` does."""
    if not any(map(_NUMBER.fullmatch, trace.texts)):
        return False
    columns = [table["gfp_flags"] for table in trace.tables.values() if "gfp_flags" in table]
    return any(_NUMBER.fullmatch(trace.text(place)) for column in columns for place in set(column))


def settle(trace: Trace, formats: Mapping[str, Format]) -> None:
    """Put right what the lines of a raw trace leave open.

    Numbers get the sign that their field has, and flags the names that the kernel prints.
    """
    for name, table in trace.tables.items():
        known = formats.get(name)
        if known is None:
            continue
        for field in known.fields:
            if field.name in table and field.name not in table.kind.texts:
                table.columns[field.name] = _signed(table[field.name], field)
        if "gfp_flags" in table:
            _name_flags(trace, table, known)


def _signed(column: Column, field: Field) -> Column:
    """Return a column whose numbers of 32 bits are below 0 where the kernel's are.

    A pfn that is all ones is the -1UL by which mm_page_alloc says that there is no page.
    """
    top = 1 << 32
    low = top >> 1 if field.signed else top - 1
    if field.size != 4 or not (field.signed or field.name == "pfn"):
        return column
    if not any(low <= value < top for value in column):
        return column
    return memoryview(array("q", [v - top if low <= v < top else v for v in column]))


def _name_flags(trace: Trace, table: Table, known: Format) -> None:
    """Have flags that are shown as numbers read as the kernel prints them."""
    column = table["gfp_flags"]
    numbers = {text: trace.text(text) for text in set(column)}
    numbers = {place: text for place, text in numbers.items() if _NUMBER.fullmatch(text)}
    flags = flag_names(known.print_fmt) if numbers else None
    if flags:
        texts = list(trace.texts)
        ids = {text: place for place, text in enumerate(texts)}
        new = {}
        for place, text in numbers.items():
            named = name_flags(int(text, 0), flags)
            if named not in ids:
                ids[named] = len(texts)
                texts.append(named)
            new[place] = ids[named]
        trace.texts = texts
        table.columns["gfp_flags"] = memoryview(array("q", [new.get(v, v) for v in column]))


def flag_names(print_fmt: str) -> list[tuple[int, str]]:
    """Return the flags of a print format and their names, in order; none if one is not plain."""
    found = []
    for expression, name in _FLAG.findall(print_fmt):
        value = _value(expression)
        if value is None:
            return []
        found.append((value, name))
    return found


def name_flags(number: int, flags: list[tuple[int, str]]) -> str:
    """Return a number as the kernel prints it: trace_print_flags_seq() of kernel/trace/."""
    names = []
    for mask, name in flags:
        if mask and number & mask == mask:
            names.append(name)
            number &= ~mask
    if number:
        names.append(hex(number))
    return "|".join(names) or "none"


def _value(expression: str) -> int | None:
    """Return the number that a C expression of flags stands for, None for any other."""
    plain = _SUFFIX.sub(r"\1", _CAST.sub("", expression)).strip()
    try:
        return _evaluate(ast.parse(plain, mode="eval").body)
    except (SyntaxError, ValueError):
        return None


def _evaluate(node: ast.expr) -> int:
    """Raises ValueError for what is no number, no shift and no joining of bits."""
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return ~_evaluate(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = _evaluate(left), _evaluate(right)
            if isinstance(op, (ast.LShift, ast.RShift)) and not 0 <= second < _MOST_SHIFTED:
                raise ValueError("no shift of a flag")
            return int(_OPERATORS[type(op)](first, second))
    raise ValueError("no flags")
