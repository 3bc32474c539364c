"""JSON logs (dmesg --json, journalctl -o json) written out as plain dmesg lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_HEAD = 4096
_FIELD = re.compile(
    r'(?:"time": *"?(?P<time>[^",]+)"?, *\s*)?(?:"caller": *"[^"]*", *\s*)?'
    r'"msg": *(?P<text>"(?:[^"\\\n]|\\.)*")'
)
_SECONDS = re.compile(r" *\d+\.\d{6}\Z")


def from_json(text: str) -> tuple[list[str], list[int], str] | None:
    """Return the log in ``text`` as dmesg lines with their numbers and its transport's name.

    None where the text is not JSON. Messages whose time is not known have no stamp; lines
    that are no JSON (a shell prompt, a cut record) stay as they are.
    """
    head = text[:_HEAD].lstrip()
    if head[:1] not in ("{", "["):
        if head.startswith('- {"dt"'):
            return _unzip(_fields(text), "lava")
        return None
    if '"MESSAGE"' in head or '"__REALTIME_TIMESTAMP"' in head:
        return _unzip(_journal(text), "journal-json")
    if '"dmesg"' in head or '"msg":' in head:
        return _unzip(_fields(text), "dmesg --json")
    return None


def _unzip(records: Iterator[tuple[str, int]], name: str) -> tuple[list[str], list[int], str]:
    pairs = list(records)
    return [line for line, _ in pairs], [number for _, number in pairs], name


def _fields(text: str) -> Iterator[tuple[str, int]]:
    number, counted = 1, 0
    for found in _FIELD.finditer(text):
        number += text.count("\n", counted, found.start("text"))
        counted = found.start("text")
        for part in _string(found["text"]).split("\n"):
            yield _line(found["time"], part), number


def _string(quoted: str) -> str:
    import json

    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        # an escape that JSON does not know: dmesg writes \x1b for control characters
        return quoted[1:-1]


def _journal(text: str) -> Iterator[tuple[str, int]]:
    import json

    for number, line in enumerate(text.split("\n"), 1):
        try:
            record = json.loads(line, strict=False)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            if line.strip():
                yield line, number
            continue
        for part in _journal_message(record).split("\n"):
            yield part, number


def _journal_message(record: dict[str, Any]) -> str:
    message = record.get("MESSAGE")
    if isinstance(message, list):
        # journald writes what is no UTF-8 as a list of bytes
        octets = bytes(octet for octet in message if isinstance(octet, int) and 0 <= octet < 256)
        message = octets.decode("utf-8", "backslashreplace")
    message = "" if message is None else str(message)
    if record.get("_TRANSPORT", "kernel") == "kernel":
        micros = str(record.get("_SOURCE_MONOTONIC_TIMESTAMP", ""))
        return _line(f"{int(micros) / 1e6:.6f}" if micros.isdecimal() else None, message)
    process = f"[{record['_PID']}]" if "_PID" in record else ""
    return f"{record.get('SYSLOG_IDENTIFIER', 'user space')}{process}: {message}"


def _line(time: str | None, text: str) -> str:
    if time and _SECONDS.match(time):
        return f"[{time.strip():>12}] {text}"
    return text
