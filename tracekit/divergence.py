"""What a divergence is, and the catalogue of codes with their explanations.

A divergence is one place where what the kernel logged and what its own rules imply part
ways. The texts of the catalogue stand in ``tracekit/codes/ALLOCATOR.toml``, a table per code::

    [MB101]
    name = "allocation-moved"
    severity = "error"
    title = "memblock chose another address than its rules give"
    explanation = '''...'''
    next_step = '''...'''
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from tracekit.events.base import Source


class Severity(StrEnum):
    """How much a divergence matters; errors and warnings decide the verdict, notes do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of the catalogue: what the code means and what to do about it."""

    code: str
    allocator: str
    name: str
    severity: Severity
    title: str
    explanation: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Divergence:
    """One place where log and rules part ways.

    ``logged`` and ``simulated`` say what was seen and what was expected, in words with
    addresses in hex; ``alternatives`` are other explanations that the log cannot tell apart.
    ``signature`` is the same on every boot of one machine: it holds no address and no time.
    ``related`` are the lines of the other side (the owner of an overlapped range, the request
    without its answer).
    """

    code: str
    allocator: str
    severity: Severity
    line: Source
    subject: str
    logged: str
    simulated: str
    explanation: str
    alternatives: tuple[str, ...] = ()
    signature: str = ""
    related: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Inference:
    """An unlogged fact that was taken for true, with the lines that bear it out."""

    allocator: str
    kind: str
    subject: str
    evidence: str
    line: Source


@cache
def catalogue() -> dict[str, Code]:
    """Return every known code, in the order of the files and of their entries."""
    folder = files("tracekit.codes")
    entries: dict[str, Code] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            allocator = file.name.removesuffix(".toml")
            entries.update({code: _code(code, allocator, row) for code, row in table.items()})
    return entries


def _code(code: str, allocator: str, row: dict[str, Any]) -> Code:
    return Code(
        code=code,
        allocator=allocator,
        name=row["name"],
        severity=Severity(row["severity"]),
        title=row["title"],
        explanation=row["explanation"].strip(),
        next_step=row["next_step"].strip(),
    )


def lookup(code: str) -> Code:
    """Return the catalogue entry of ``code``, which may also be given by its name.

    Raises KeyError where there is none.
    """
    entries = catalogue()
    if code.upper() in entries:
        return entries[code.upper()]
    return next((entry for entry in entries.values() if entry.name == code), None) or entries[code]
