"""Dumps without a call between them: two boots in one file, or an excerpt.

memblock=debug prints every call with the dumps, so a log of dumps alone shows no way from one
to the next. What a person wants of it then is the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tracekit.events.memblock import MemblockRow
from tracekit.mm.memblock_type import MEMBLOCK_HOTPLUG, MEMBLOCK_MIRROR, MEMBLOCK_NOMAP
from tracekit.mm.ranges import Ranges, subtract, total, union
from tracekit.replay.memblock.log import Dump, MemblockLog
from tracekit.replay.memblock.outcome import Parting, span

NO_CALLS = "the log shows no memblock call between this dump and the one before it"
FLAGS = ((MEMBLOCK_HOTPLUG, "HOTPLUG"), (MEMBLOCK_MIRROR, "MIRROR"), (MEMBLOCK_NOMAP, "NOMAP"))


def differing_dumps(log: MemblockLog) -> Iterator[Parting]:
    """Yield, of a log of nothing but dumps, how each list differs from the dump before."""
    if not log.dumps_only:
        return
    for earlier, later in pairwise(log.dumps):
        for name in ("memory", "reserved"):
            if _whole(earlier, name) and _whole(later, name):
                yield from _difference(earlier, later, name)


def _whole(dump: Dump, name: str) -> bool:
    count = dump.counts.get(name)
    return count is not None and len(dump.of(name)) == count.count


def _difference(earlier: Dump, later: Dump, name: str) -> Iterator[Parting]:
    old, new = earlier.of(name), later.of(name)
    before, after = _bytes(old), _bytes(new)
    gained, lost = subtract(after, before), subtract(before, after)
    parts = [_told("gained", gained, new), _told("lost", lost, old), *_ends(old, new)]
    if gained or lost:
        yield Parting(
            "MB217",
            later.source,
            f"{name} list",
            "; ".join(filter(None, parts)),
            f"the dump of line {earlier.source.line}, {total(before):#x} bytes",
            related=(earlier.source,),
        )


def _bytes(rows: Sequence[MemblockRow]) -> Ranges:
    return union((row.base, row.base + row.size) for row in rows)


def _told(word: str, ranges: Ranges, rows: Sequence[MemblockRow]) -> str:
    return f"{word} " + ", ".join(_described(part, rows) for part in ranges) if ranges else ""


def _described(part: tuple[int, int], rows: Sequence[MemblockRow]) -> str:
    start, end = part
    flags = 0
    for row in rows:
        if row.base < end and start < row.base + row.size:
            flags |= row.flags or 0
    names = [name for bit, name in FLAGS if flags & bit]
    aside = " " + "|".join(names) if names else ""
    aside += " (no System RAM: the kernel must not map it)" if flags & MEMBLOCK_NOMAP else ""
    return f"{span(start, end)}, {end - start:#x} bytes{aside}"


def _ends(old: Sequence[MemblockRow], new: Sequence[MemblockRow]) -> Iterator[str]:
    """Where a node's last RAM moved, which sets the span of its zones and struct pages."""
    for nid in sorted({row.nid for row in old if row.nid is not None}):
        before = max((r.base + r.size for r in old if r.nid == nid), default=0)
        after = max((r.base + r.size for r in new if r.nid == nid), default=0)
        if 0 < after < before:
            yield (
                f"node {nid} ends at {after:#x} instead of {before:#x}, so the struct pages of "
                f"{span(after, before)} belong to no node's span"
            )
