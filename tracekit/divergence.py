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

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
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


# Codes about the firmware's map are reported with the allocator that is made from it.
SECTIONS = {"maps": "memblock"}


@cache
def catalogue() -> dict[str, Code]:
    """Return every known code, in the order of the files and of their entries."""
    return {
        code: _code(code, allocator, row)
        for allocator, text in _texts().items()
        for code, row in tomllib.loads(text).items()
    }


@cache
def _texts() -> dict[str, str]:
    """Return the text of each allocator's codes, in order of the names."""
    return {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted(Path(__file__).with_name("codes").glob("*.toml"))
    }


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


@cache
def lookup(code: str) -> Code:
    """Return the catalogue entry of ``code``, which may also be given by its name.

    Raises KeyError where there is none. A replay asks for two or three codes, so each one's
    table is cut out and parsed by itself.
    """
    header = rf"^\[{re.escape(code.upper())}\]\n"
    table = re.compile(header + r".*?(?=^\[[A-Z]+\d+\]$|\Z)", re.MULTILINE | re.DOTALL)
    for allocator, text in _texts().items():
        found = table.search(text)
        if found is not None:
            return _code(code.upper(), allocator, tomllib.loads(found[0])[code.upper()])
    entries = catalogue()
    return next((entry for entry in entries.values() if entry.name == code), None) or entries[code]
