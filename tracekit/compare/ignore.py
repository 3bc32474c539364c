"""Differences that a team has looked at and excuses, each with a reason and an end.

The file is TOML, a table per entry::

    [[ignore]]
    change = "memblock/log buffer/*"     # area/kind/subject, * and ? as in a shell
    reason = "the test kernel logs more"
    expires = 2027-01-31                 # optional; after that day the entry counts no more
"""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tracekit.compare.change import Change


class IgnoreError(Exception):
    """The ignore file cannot be used; the message says why and where."""


@dataclass(slots=True)
class Entry:
    """One excuse: the changes it matches, why, and until when."""

    change: str
    reason: str
    expires: datetime.date | None = None
    used: int = 0


@dataclass(slots=True)
class IgnoreList:
    """The entries of a file; ``today`` decides which have expired."""

    path: str
    entries: list[Entry] = field(default_factory=list)
    today: datetime.date = field(default_factory=datetime.date.today)

    def reason(self, change: Change) -> str | None:
        """Return why the change is excused, None where it is not."""
        for entry in self.entries:
            if not self._expired(entry) and fnmatchcase(change.key, entry.change):
                entry.used += 1
                return entry.reason
        return None

    def warnings(self, narrowed: bool = False) -> list[str]:
        """Return a sentence for every entry that has expired or that excused nothing.

        A comparison that is ``narrowed`` did not look at all changes: only the expired count.
        """
        found = []
        for entry in self.entries:
            if self._expired(entry):
                found.append(f"{self.path}: {entry.change} expired on {entry.expires}")
            elif not entry.used and not narrowed:
                found.append(f"{self.path}: {entry.change} matches no difference; remove it")
        return found

    def _expired(self, entry: Entry) -> bool:
        return entry.expires is not None and entry.expires < self.today


def read_ignore(path: str) -> IgnoreList:
    """Return the entries of an ignore file. Raises IgnoreError where it cannot be used."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise IgnoreError(f"{path}: {error}") from error
    rows = table.get("ignore", [])
    if set(table) - {"ignore"} or not isinstance(rows, list):
        raise IgnoreError(f"{path}: write each entry as an [[ignore]] table")
    return IgnoreList(path, [_entry(path, number, row) for number, row in enumerate(rows, 1)])


def _entry(path: str, number: int, row: Any) -> Entry:
    where = f"{path}: entry {number}"
    if not isinstance(row, dict) or not row.get("change") or not row.get("reason"):
        raise IgnoreError(f'{where} needs change = "area/kind/subject" and a reason')
    unknown = set(row) - {"change", "reason", "expires"}
    if unknown:
        raise IgnoreError(f"{where} has an unknown key: {min(unknown)}")
    expires = row.get("expires")
    if expires is not None and not isinstance(expires, datetime.date):
        raise IgnoreError(f"{where}: expires must be a date such as 2027-01-31")
    return Entry(str(row["change"]), str(row["reason"]), expires)
