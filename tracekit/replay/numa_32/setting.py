"""What the remap allocator's predictions start from, as far as the log gives it.

RAM and what is reserved, the sizes of large pages, struct page and pg_data_t, the ends of
lowmem and of RAM.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.boot import Boot
from tracekit.events.base import Event
from tracekit.events.bootmem import EarlyResHeader, EarlyResRow
from tracekit.events.e820 import LastPfn
from tracekit.events.memblock import MemblockCall, MemblockRow
from tracekit.events.mm_init import MemmapUsed, ZonePages
from tracekit.events.x86_setup import DirectMapping, DirectPage
from tracekit.mm.ranges import Ranges, subtract
from tracekit.replay.maps.x86_ram import usable_ram

PAGE = 4096
PAE_LARGE, PLAIN_LARGE = 512, 1024
FOUR_GIB_PFN = 1 << 20
STRUCT_PAGES = range(32, 132, 4)
# sizeof(pg_data_t) takes one to eight pages; the least and the most bytes of each are tried.
PGDAT_SIZES = tuple(size for n in range(8) for size in (n * PAGE + 64, (n + 1) * PAGE))
OWN_RESERVATIONS = ("KVA", "BOOTMAP", "NODE_DATA", "BOOTMEM")


@dataclass(frozen=True, slots=True)
class Setting:
    """`large` is the size of a large page in pages, None where the log does not tell.

    `reserved` are bytes reserved before the allocator ran; `reserved_known` says whether
    that is all of them, `end_exclusive` how memblock prints ranges. `max_pfn` and
    `max_low_pfn` are exclusive ends, None if unknown.
    """

    large: int | None
    ram: Ranges
    reserved: Ranges
    reserved_known: bool
    max_pfn: int | None
    max_low_pfn: int | None
    struct_pages: tuple[int, ...]
    end_exclusive: bool

    def is_free(self, start: int, end: int) -> bool:
        """Whether [start, end) is RAM in one piece that nobody had reserved."""
        in_ram = any(low <= start and end <= high for low, high in self.ram)
        return in_ram and all(end <= low or high <= start for low, high in self.reserved)


def read_setting(boot: Boot, before: Event) -> Setting:
    """Gather the setting of a boot; `before` is the allocator's first line."""
    reserved, known = _reserved(boot, before)
    return Setting(
        large=_large_page(boot),
        ram=usable_ram(boot),
        reserved=reserved,
        reserved_known=known,
        max_pfn=_max_pfn(boot),
        max_low_pfn=_max_low_pfn(boot, before),
        struct_pages=_struct_pages(boot),
        end_exclusive=boot.kernel.has("memblock_end_exclusive"),
    )


def _before(events: list[Event], line: Event) -> list[Event]:
    """The events above a line of the same log."""
    return [
        event
        for event in events
        if event.source.file == line.source.file and event.source.line < line.source.line
    ]


def _large_page(boot: Boot) -> int | None:
    """2 MiB with PAE, 4 MiB without: as mapped, or as the highest page shows."""
    for page in boot.of(DirectPage):
        if page.page in ("2M", "4M"):
            return PAE_LARGE if page.page == "2M" else PLAIN_LARGE
    for last in boot.of(LastPfn):
        if last.max_arch_pfn is not None:
            return PAE_LARGE if last.max_arch_pfn > FOUR_GIB_PFN else PLAIN_LARGE
    highest = _max_pfn(boot)
    return PAE_LARGE if highest is not None and highest > FOUR_GIB_PFN else None


def _max_pfn(boot: Boot) -> int | None:
    """The end of RAM: as printed early, or as the end of the map gives it."""
    for last in boot.of(LastPfn):
        return last.last_pfn
    ram = usable_ram(boot)
    return max(end for _, end in ram) // PAGE if ram else None


def _max_low_pfn(boot: Boot, before: Event) -> int | None:
    """The end of lowmem: the direct mapping that was set up before."""
    mapped = [e for e in _before(boot.events, before) if isinstance(e, DirectMapping)]
    return max(e.end for e in mapped) // PAGE if mapped else None


def _reserved(boot: Boot, before: Event) -> tuple[Ranges, bool]:
    """What was reserved when the allocator ran, and whether the log shows all of it."""
    rows = _first_listing(boot)
    if rows:
        kept = [r for r in rows if not r.owner.startswith(OWN_RESERVATIONS)]
        return [(row.start, row.end) for row in kept], True
    return _memblock_reserved(boot, before)


def _first_listing(boot: Boot) -> list[EarlyResRow]:
    """The early reservations as the first list that bootmem took over shows them."""
    rows: list[EarlyResRow] = []
    headers = 0
    for event in boot.events:
        headers += isinstance(event, EarlyResHeader)
        if isinstance(event, EarlyResRow) and headers == 1:
            rows.append(event)
    return rows


def _memblock_reserved(boot: Boot, before: Event) -> tuple[Ranges, bool]:
    """memblock's first dump with the logged calls after it; incomplete without a dump."""
    reserved: Ranges = []
    dumped = False
    exclusive = boot.kernel.has("memblock_end_exclusive")
    for event in _before(boot.events, before):
        if isinstance(event, MemblockRow) and event.list == "reserved":
            reserved = reserved if dumped or event.index else []
            reserved.append((event.base, event.bound + 1))
            dumped = True
        elif isinstance(event, MemblockCall):
            end = event.bound if exclusive else event.bound + 1
            if event.is_reserve:
                reserved.append((event.base, end))
            elif event.is_free:
                reserved = subtract(reserved, [(event.base, end)])
    return reserved, dumped


def _struct_pages(boot: Boot) -> tuple[int, ...]:
    """sizeof(struct page): from the pages that zones are charged for it, else any."""
    ratios = []
    charged: MemmapUsed | None = None
    for event in boot.events:
        if isinstance(event, MemmapUsed):
            charged = event
        elif isinstance(event, ZonePages) and charged is not None and event.zone == charged.zone:
            ratios.append(charged.pages * PAGE / (event.pages + charged.pages))
            charged = None
    # A charge covers the zone with its holes, rounded up to pages: the ratio is never below.
    return (int(min(ratios)) // 4 * 4,) if ratios else tuple(STRUCT_PAGES)
