"""Conditions on events, as ``--where`` takes them: ``order>0``, ``name==dentry and cpu!=0``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Value = int | float | str

_CONDITION = re.compile(r"\s*(\w+)\s*(==|=|!=|<=|>=|<|>|~)\s*(.+?)\s*")
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ConditionError(ValueError):
    """A condition that cannot be understood; the message says what it should look like."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a field with a value; ``~`` looks for a text inside a text."""

    field: str
    sign: str
    value: str

    def holds(self, row: Mapping[str, Value]) -> bool:
        """Return whether a row meets the condition; one without the field does not."""
        shown = row.get(self.field)
        if shown is None:
            return False
        if self.sign == "~":
            return self.value in str(shown)
        if self.sign in _ORDERED:
            mine, other = _number(shown), _number(self.value)
            return mine is not None and other is not None and _ORDERED[self.sign](mine, other)
        return self._equal(shown) == (self.sign != "!=")

    def _equal(self, shown: Value) -> bool:
        mine, other = _number(shown), _number(self.value)
        if mine is None or other is None:
            return str(shown) == self.value
        return mine == other


def parse(text: str) -> list[Condition]:
    """Return the conditions of an expression, all of which must hold.

    Raises ConditionError where it is none.
    """
    found = []
    for part in re.split(r"\s+and\s+|\s*&&\s*", text.strip()):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise ConditionError(
                f"{part!r} is no condition; write FIELD, one of == != < <= > >= ~, and a value, "
                "several of them joined by 'and'"
            )
        field, sign, value = match.groups()
        found.append(Condition(field, "==" if sign == "=" else sign, value.strip("'\"")))
    return found


def _number(value: Value) -> int | float | None:
    """Return what a value is as a number: decimal, or hex behind 0x; None where it is none."""
    if not isinstance(value, str):
        return value
    try:
        return int(value, 16) if value.lower().startswith("0x") else float(value)
    except ValueError:
        return None
