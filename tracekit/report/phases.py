"""The phases of a boot, with the memory that each allocator holds, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from click import style

from tracekit.events.base import Source
from tracekit.replay.phases import Phase

SCHEMA = "tracekit.phases/1"
COLUMNS = (
    ("RAM", "ram"),
    ("Reserved", "reserved"),
    ("In use", "in_use"),
    ("of it slab", "slab"),
    ("percpu", "percpu"),
    ("Per-cpu lists", "listed"),
    ("Free", "free"),
)
LEGEND = (
    "Reserved + in use + per-cpu lists + free = RAM. Reserved is what memblock did not hand over:",
    "the kernel's image, the memory map, firmware, the first percpu chunk. Slab counts the slabs",
    "that the trace shows objects of; older ones are among the rest of what is in use.",
)


def render_text(phases: Sequence[Phase]) -> str:
    """Return one row per phase, sizes in KiB; ``-`` is what is not known, with the reason."""
    width = max(len(phase.name) for phase in phases)
    head = f"{'Phase (KiB)':<{width}}" + "".join(f"{title:>14}" for title, _ in COLUMNS)
    lines = [style(f"{head}  Shown by", bold=True)]
    for phase in phases:
        cells = "".join(f"{_kib(getattr(phase, name)):>14}" for _, name in COLUMNS)
        lines.append(f"{phase.name:<{width}}{cells}  {_place(phase.line)}")
    reasons: dict[str, list[str]] = {}
    for phase in phases:
        if phase.reason:
            reasons.setdefault(phase.reason, []).append(phase.name)
    lines += [f"- {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    return "\n".join([*lines, *LEGEND]) + "\n"


def _kib(size: int | None) -> str:
    return "-" if size is None else f"{size // 1024:,}"


def _place(line: Source | None) -> str:
    if line is None:
        return ""
    time = "" if line.time is None else f" [{line.time:.6f}]"
    return f"{line.file}:{line.line}{time}"


def render_json(phases: Sequence[Phase]) -> str:
    """Return the phases as JSON; sizes are bytes, null where they are not known."""
    rows = [
        {
            **asdict(phase),
            "line": phase.line and {"source": phase.line.file, "number": phase.line.line},
            "time": phase.line.time if phase.line else None,
        }
        for phase in phases
    ]
    return json.dumps({"schema": SCHEMA, "phases": rows}, indent=1) + "\n"
