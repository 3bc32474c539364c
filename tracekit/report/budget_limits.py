"""Limits on a memory budget, kept in a TOML file beside the code that they guard.

The file sets limits in bytes or with a unit, per kind, per owner (caller) or in total::

    [total]
    reserved = "96M"        # everything reserved at the hand-off
    free = "400M"           # at least this much must be free

    [kind]
    "memory map" = "9M"

    [caller]
    setup_log_buf = "5M"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracekit.mm.zone_movable import SUFFIXES, memparse
from tracekit.replay.budget.tree import Budget, group

TABLES = ("kind", "caller", "node", "zone")


class LimitError(Exception):
    """The file of limits cannot be used; the message says why and where."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit that the boot does not keep, in bytes; ``least`` marks a lower limit."""

    name: str
    limit: int
    found: int
    least: bool = False

    def __str__(self) -> str:
        verb = "is below the least of" if self.least else "exceeds the limit of"
        return f"{self.name}: {self.found:,} bytes {verb} {self.limit:,} bytes"


def read_limits(path: str) -> dict[str, dict[str, int]]:
    """Return table -> name -> bytes. Raises LimitError where the file cannot be used."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LimitError(f"{path}: {error}") from None
    unknown = set(table) - {"total", *TABLES}
    if unknown:
        raise LimitError(f"{path}: unknown table [{min(unknown)}]; use [total], [kind], [caller], "
                         "[node] or [zone]")  # fmt: skip
    return {name: _sizes(path, name, rows) for name, rows in table.items()}


def _sizes(path: str, table: str, rows: Any) -> dict[str, int]:
    if not isinstance(rows, Mapping):
        raise LimitError(f"{path}: {table} must be a table of names and sizes")
    found = {}
    for name, value in rows.items():
        if isinstance(value, int) and not isinstance(value, bool):
            found[name] = value
        elif isinstance(value, str) and (size := _SIZE.fullmatch(value.strip())):
            found[name] = memparse(size[1] + size[2])
        else:
            raise LimitError(
                f"{path}: [{table}] {name} = {value!r} is no size; write 96M, 96 MiB or bytes"
            )
    return found


# 96M as on the kernel's command line, or 96 MiB as the budget itself prints it.
_SIZE = re.compile(rf"(\d+) ?([{''.join(SUFFIXES)}]?)(?:iB|B)?", re.IGNORECASE)


def broken_limits(budget: Budget, limits: Mapping[str, Mapping[str, int]]) -> Iterator[Broken]:
    """Yield the limits that the budget does not keep.

    Raises LimitError where a limit in total names nothing that the budget knows.
    """
    for name, limit in limits.get("total", {}).items():
        found = _total(budget, name)
        least = name == "free"
        if (found < limit) if least else (found > limit):
            yield Broken(name, limit, found, least)
    for table in TABLES:
        sums = {item.name: item.bytes for item in group(budget, table)} if table in limits else {}
        for name, limit in limits.get(table, {}).items():
            if sums.get(name, 0) > limit:
                yield Broken(f"{table} {name}", limit, sums[name])


def unused_limits(budget: Budget, limits: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the limits, as ``table name``, on what this boot has nothing of: perhaps misspelt."""
    for table in TABLES:
        known = {item.name for item in group(budget, table)} if table in limits else set()
        yield from (f"{table} {name}" for name in limits.get(table, {}) if name not in known)


def _total(budget: Budget, name: str) -> int:
    if name == "free":
        return budget.free or 0
    for _, item in budget.root.walk():
        if item.name == name:
            return item.bytes
    raise LimitError(
        f"[total] {name}: the budget has no such line; use reserved, free or a name of the tree"
    )
