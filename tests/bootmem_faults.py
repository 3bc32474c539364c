"""Fault injection for logs with bootmem_debug: one line changed or lost.

Each fault gets the lines of a dmesg and a source of chance, and returns the changed lines with
the number (1-based, in the changed log) of the line where it must be reported; None where
the log offers no place for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.faults import Injected

Lines = list[str]
REQUEST = re.compile(r"bootmem::alloc_bootmem_(core|bdata)")
RESULT = re.compile(r"bootmem::__reserve nid=\d+ start=([0-9a-f]+) end=([0-9a-f]+) flags=1")
FREE = re.compile(r"bootmem::__free")
ASKED_TO_FREE = re.compile(r"bootmem::mark_bootmem_node .* reserve=0")
MARK = re.compile(r"bootmem::mark_bootmem_node")
RESERVE = re.compile(r"bootmem::__reserve .* flags=0")
DOUBLE = re.compile(r"silent double reserve")
RELEASED = re.compile(r"released=([0-9a-f]+)")


def _results(lines: Lines) -> list[int]:
    return [
        i for i in range(1, len(lines)) if RESULT.search(lines[i]) and REQUEST.search(lines[i - 1])
    ]


def _with_pages(line: str, start: int, end: int) -> str:
    match = RESULT.search(line)
    assert match is not None
    pages = f"start={int(match[1], 16) + start:x} end={int(match[2], 16) + end:x}"
    return re.sub(r"start=[0-9a-f]+ end=[0-9a-f]+", pages, line)


def _changed(kind: str, lines: Lines, at: int, line: str) -> Injected:
    return Injected(kind, [*lines[:at], line, *lines[at + 1 :]], at + 1, lines[at])


def _lost(kind: str, places: list[int], lines: Lines, rng: random.Random) -> Injected | None:
    """One line gone; the line before it, which now stands above the gap, is near enough."""
    if not places:
        return None
    at = rng.choice(places)
    return Injected(kind, lines[:at] + lines[at + 1 :], at, lines[at])


def _matching(lines: Lines, pattern: re.Pattern[str]) -> list[int]:
    return [i for i, line in enumerate(lines) if pattern.search(line)]


def moved(lines: Lines, rng: random.Random) -> Injected | None:
    """An allocation's result moved by a page."""
    places = _results(lines)
    if not places:
        return None
    at, step = rng.choice(places), rng.choice([-1, 1])
    return _changed("moved", lines, at, _with_pages(lines[at], step, step))


def grown(lines: Lines, rng: random.Random) -> Injected | None:
    """An allocation's result a page longer than asked for."""
    places = _results(lines)
    if not places:
        return None
    at = rng.choice(places)
    return _changed("grown", lines, at, _with_pages(lines[at], 0, 1))


def lost_result(lines: Lines, rng: random.Random) -> Injected | None:
    """A request's __reserve line is gone."""
    return _lost("lost result", _results(lines), lines, rng)


def lost_request(lines: Lines, rng: random.Random) -> Injected | None:
    """The request of an allocation is gone."""
    return _lost("lost request", [at - 1 for at in _results(lines)], lines, rng)


def lost_free(lines: Lines, rng: random.Random) -> Injected | None:
    """A __free line is gone."""
    return _lost("lost free", _matching(lines, FREE), lines, rng)


def lost_mark(lines: Lines, rng: random.Random) -> Injected | None:
    """A mark_bootmem_node line is gone."""
    return _lost("lost mark", _matching(lines, MARK), lines, rng)


def lost_reserve(lines: Lines, rng: random.Random) -> Injected | None:
    """A __reserve line that is no allocation's is gone."""
    return _lost("lost reserve", _matching(lines, RESERVE), lines, rng)


def lost_double(lines: Lines, rng: random.Random) -> Injected | None:
    """A line about a page reserved before is gone."""
    return _lost("lost double", _matching(lines, DOUBLE), lines, rng)


def miscounted(lines: Lines, rng: random.Random) -> Injected | None:
    """A count of released pages is wrong."""
    places = _matching(lines, RELEASED)
    if not places:
        return None
    at, step = rng.choice(places), rng.choice([-1, 1, 16])
    line = RELEASED.sub(lambda match: f"released={int(match[1], 16) + step:x}", lines[at])
    return _changed("miscounted", lines, at, line)


def lost_late_free(lines: Lines, rng: random.Random) -> Injected | None:
    """Both lines that free memory allocated before are gone; the next allocation shows it."""
    begun = next((i for i, line in enumerate(lines) if REQUEST.search(line)), len(lines))
    places = [
        i
        for i in _matching(lines, ASKED_TO_FREE)
        if i > begun and not re.search(r"start=([0-9a-f]+) end=\1 ", lines[i])
    ]
    if not places:
        return None
    at = rng.choice(places)
    kept = lines[:at] + lines[at + 2 :]
    later = next((i for i in _results(kept) if i >= at), None)
    return None if later is None else Injected("lost late free", kept, later + 1, lines[at])


FAULTS: tuple[Callable[[Lines, random.Random], Injected | None], ...] = (
    moved,
    grown,
    lost_result,
    lost_request,
    lost_free,
    lost_mark,
    lost_reserve,
    lost_double,
    miscounted,
)
