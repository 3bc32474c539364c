"""Undoes what mail programs and paste sites do to a log before anyone saves it.

Quoted-printable, quote marks of any depth, the markers of ``diff -u``, bars, indentation.
All are told from lines that the kernel prints without leading blanks: whatever stands before
such a line is not the kernel's.
"""

from __future__ import annotations

import quopri
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# messages that start in the first column in every kernel that prints them
_ANCHOR = (
    r"Linux version \d|(?:Kernel c|C)ommand line: |BIOS-provided physical RAM map:"
    r"|MEMBLOCK configuration:|Zone (?:PFN )?ranges:|Memory: \d|memblock_[a-eg-z]\w+: "
    r"|Movable zone start |Early memory node ranges|Built \d+ zonelists|Booting Linux on "
    r"|PERCPU: |percpu: |pcpu-alloc: |Dentry cache hash table|Inode-cache hash table"
    r"|Determined physical RAM map:|On node \d+ totalpages: "
)
_MARKED = re.compile(rf"([ \t>|+\-]*)(?:\[ *\d+\.\d{{6}}\]|<\d>\[ *\d|{_ANCHOR})")
_INDENTED = re.compile(rf"([ \t]+)(?:{_ANCHOR})")
_QUOTE = re.compile(r"[ \t]?(?:> ?)+")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|(?:\+\+\+|---) \S")
_ESCAPE = re.compile(r"=(?:[0-9A-F]{2}|\Z)")
_SAMPLE = 3000
_MARKS = tuple(" \t>|+-")


@dataclass(slots=True)
class Unpasted:
    """Lines with their numbers, what they had been through, and what that lost."""

    lines: list[str]
    numbers: list[int]
    names: list[str]
    problems: list[str]


def undo(lines: list[str], numbers: list[int]) -> Unpasted:
    """Return the lines as they were before they were mailed, quoted, compared or indented."""
    pasted = Unpasted(lines, numbers, [], [])
    if _is_quoted_printable(lines):
        _unquote_printable(pasted)
    before = Counter(
        found[1]
        for line in _sample(pasted.lines)
        if line[:1] in _MARKS and (found := _MARKED.match(line)) and found[1]
    )
    if not before:
        return pasted
    if any(">" in marks for marks in before):
        pasted.names.append("mail")
        pasted.lines = [_QUOTE.sub("", line, count=1) for line in pasted.lines]
    if any("|" in marks for marks in before):
        pasted.names.append("bars")
        pasted.lines = [re.sub(r"^ ?\| ?", "", line) for line in pasted.lines]
    if any(marks.lstrip(" >|")[:1] in ("+", "-") for marks in before if marks.strip(" >|\t")):
        _apply_diff(pasted)
    if any(_INDENTED.match(line) for line in _sample(pasted.lines)):
        pasted.names.append("indented")
        pasted.lines = _outdent(pasted.lines)
    return pasted


def _sample(lines: Sequence[str]) -> Sequence[str]:
    return lines[:: len(lines) // _SAMPLE + 1]


def _is_quoted_printable(lines: Sequence[str]) -> bool:
    """Whether nearly every ``=`` starts an escape, which no plain log comes near to."""
    escaped = plain = equals = 0
    for line in _sample(lines):
        signs = line.count("=")
        if signs:
            fits = len(_ESCAPE.findall(line))
            escaped, plain = escaped + fits, plain + signs - fits
            equals += line.count("=3D")
    return escaped > 9 * plain and equals > 0


def _unquote_printable(pasted: Unpasted) -> None:
    pasted.names.append("quoted-printable")
    lines: list[str] = []
    numbers: list[int] = []
    soft = False
    for line, number in zip(pasted.lines, pasted.numbers, strict=True):
        if soft:
            lines[-1] = lines[-1][:-1] + line
        else:
            lines.append(line)
            numbers.append(number)
        soft = line.endswith("=")
    decoded = (quopri.decodestring(line.encode()) for line in lines)
    pasted.lines = [line.decode("utf-8", "backslashreplace").rstrip("\n") for line in decoded]
    pasted.numbers = numbers


def _apply_diff(pasted: Unpasted) -> None:
    """Take the new side of a ``diff -u`` of two logs, or the old one where that is all."""
    pasted.names.append("diff")
    sides = {line[0] for line in pasted.lines if line[:1] in ("+", "-") and _MARKED.match(line)}
    dropped = "-" if len(sides) == 2 else ""
    left_out = hunks = 0
    lines: list[str] = []
    numbers: list[int] = []
    for line, number in zip(pasted.lines, pasted.numbers, strict=True):
        if _HUNK.match(line):
            hunks += 1
        elif dropped and line.startswith(dropped):
            left_out += 1
        else:
            lines.append(line[1:] if line[:1] in ("+", "-", " ") else line)
            numbers.append(number)
    pasted.lines, pasted.numbers = lines, numbers
    if hunks:
        pasted.problems.append(
            f"This is a diff of two logs, and the lines between its {hunks} hunks are missing."
        )
    if left_out:
        pasted.problems.append(
            f"This is a diff of two logs; the {left_out} lines of the other one were left out."
        )


def _outdent(lines: list[str]) -> list[str]:
    """Remove the indentation of pasted blocks: that of the last line known to have none."""
    depth = ""
    outdented = []
    for line in lines:
        found = _INDENTED.match(line)
        if found:
            depth = found[1]
        elif line and not line.startswith(depth):
            depth = ""
        outdented.append(line[len(depth) :] if depth and line.startswith(depth) else line)
    return outdented
