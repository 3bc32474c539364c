"""Reports of slab corruption by slub's own checks, KASAN, KFENCE and KMSAN."""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.complaints import (
    Sanitizer,
    SanitizerObject,
    SlubBug,
    SlubBytes,
    SlubObject,
    SlubTrack,
)
from tracekit.replay.complaints.finding import Complaint, first, following

# include/linux/poison.h, by the reason that check_bytes_and_report() gives.
WRITTEN = (
    ("Poison", "somebody wrote to the object after it was freed"),
    ("Redzone", "somebody wrote past the object's end, or before its start"),
    ("Padding", "somebody wrote past the last object of the slab"),
    ("Object already free", "the object was freed twice"),
    ("Invalid object pointer", "what was freed is no object of this cache"),
    ("Freepointer corrupt", "the free list of the slab was overwritten"),
    ("Freechain corrupt", "the free list of the slab was overwritten"),
)


def slab_reports(boot: Boot) -> Iterator[Complaint]:
    """Yield one complaint for each report about an object."""
    for bug in boot.of(SlubBug):
        yield _slub(boot, bug)
    for report in boot.of(Sanitizer):
        yield _sanitizer(boot, report)


def _slub(boot: Boot, bug: SlubBug) -> Complaint:
    wrong = first(following(boot, bug, SlubBytes))
    place = first(following(boot, bug, SlubObject))
    tracks = list(following(boot, bug, SlubTrack))
    changed = f"the first byte is {wrong.found:#04x}" if wrong else ""
    offset = f"object at offset {place.offset} of its slab" if place else ""
    return Complaint(
        code="KR104",
        allocator="slub",
        line=bug.source,
        subject=bug.cache,
        logged="; ".join(filter(None, (bug.reason, changed, offset))),
        known=f"{wrong.expected:#04x} there, as slub left it" if wrong else "",
        why=". ".join(filter(None, (_written(bug.reason), _lives(tracks)))),
        related=tuple(track.source for track in tracks[:2]),
    )


def _written(reason: str) -> str:
    return next((what for words, what in WRITTEN if words in reason), "")


def _lives(tracks: list[SlubTrack]) -> str:
    """Return who allocated and who freed the object, the later one first."""
    order = sorted(tracks[:2], key=lambda track: track.age)
    return ", ".join(
        f"{track.act.lower()} {track.age} jiffies before by {track.caller}" for track in order
    )


def _sanitizer(boot: Boot, report: Sanitizer) -> Complaint:
    cache = first(following(boot, report, SanitizerObject))
    of = f"an object of {cache.cache} ({cache.size} bytes)" if cache else ""
    return Complaint(
        code="KR105",
        allocator="slub" if "slab" in report.reason or cache else "page_alloc",
        line=report.source,
        subject=f"{report.tool}: {report.reason}",
        logged=f"{report.reason} in {report.caller}",
        known=of,
    )
