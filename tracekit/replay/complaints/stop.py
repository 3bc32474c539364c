"""Where a boot ends before its time: panics, processes killed for want of memory, warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.events.carveouts import KernelPanic
from tracekit.events.complaints import OomKilled, Warned
from tracekit.replay.complaints.finding import Complaint

# Where memory is described or managed; warnings from elsewhere say nothing of it.
FILES = re.compile(
    r"mm/|arch/\w+/mm/|arch/\w+/kernel/(?:setup|e820|efi|crash|machine_kexec|prom|numa)"
    r"|drivers/(?:of|firmware)/|kernel/(?:dma|crash|kexec)|include/linux/(?:mm|memblock|page)"
)


def stops(boot: Boot) -> Iterator[Complaint]:
    """Yield the first panic, the first process killed, and each warning about memory once."""
    for panic in boot.of(KernelPanic)[:1]:
        yield Complaint("KR106", "mm_init", panic.source, "panic", panic.reason, "")
    killed = boot.of(OomKilled)
    if killed:
        yield _killed(killed)
    yield from _warnings(boot)


def _killed(killed: list[OomKilled]) -> Complaint:
    named = ", ".join(dict.fromkeys(process.comm for process in killed[:6]))
    many = f"{len(killed)} processes" if len(killed) > 1 else "a process"
    return Complaint(
        "KR107", "page_alloc", killed[0].source, "out of memory", f"{many} killed: {named}", ""
    )


def _warnings(boot: Boot) -> Iterator[Complaint]:
    seen = set()
    for warned in boot.of(Warned):
        if FILES.match(warned.file) is None or (warned.file, warned.row) in seen:
            continue
        seen.add((warned.file, warned.row))
        place = f" in {warned.place}" if warned.place else ""
        where = f"{warned.file}:{warned.row}"
        yield Complaint("KR108", "mm_init", warned.source, warned.file, f"{where}{place}", "")
