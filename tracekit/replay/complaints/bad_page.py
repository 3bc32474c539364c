"""Bad pages: a struct page that is not as a free page must be (mm/page_alloc.c: bad_page)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tracekit.boot import Boot
from tracekit.events.complaints import BadPage, PageDump, PageDumped
from tracekit.kernel.kernel import Kernel
from tracekit.replay.complaints.finding import Complaint, first, following
from tracekit.replay.complaints.place import Places

# include/linux/page-flags.h from 4.18 on: a page of a type has the type's bit cleared in what
# else is its mapcount. The bits behind the first two moved when kmemcg went (5.11).
PAGE_TYPES = {0x80: "a free page of the buddy allocator", 0x100: "a page that is offline"}
TYPES_WITH_KMEMCG = {0x400: "a page table", 0x800: "a guard page"}
TYPES_WITHOUT_KMEMCG = {0x200: "a page table", 0x400: "a guard page"}


def bad_pages(boot: Boot, places: Places) -> Iterator[Complaint]:
    """Yield one complaint for each run of bad pages that are bad for the same reason."""
    pages = boot.of(BadPage)
    for reason, group in groupby(pages, key=lambda page: _reason(boot, page)):
        yield _complaint(boot, places, reason, list(group))


def _reason(boot: Boot, page: BadPage) -> str:
    said = first(following(boot, page, PageDumped))
    return said.reason if said is not None else ""


def _complaint(boot: Boot, places: Places, reason: str, pages: list[BadPage]) -> Complaint:
    dump = first(following(boot, pages[0], PageDump))
    return Complaint(
        code="KR101",
        allocator="page_alloc",
        line=pages[0].source,
        subject=f"bad page in {pages[0].comm or 'a process'}",
        logged="; ".join(filter(None, (_which(pages), reason, _counts(dump)))),
        known=_known(boot, places, pages),
        why=_type(boot.kernel, dump),
        related=tuple(page.source for page in pages[1:4]),
    )


def _which(pages: list[BadPage]) -> str:
    pfns = sorted(page.pfn for page in pages if page.pfn is not None)
    if not pfns:
        return f"{len(pages)} bad pages" if len(pages) > 1 else "a bad page"
    if pfns[0] == pfns[-1]:
        return f"pfn {pfns[0]:#x}"
    return f"{len(set(pfns))} pages, pfn {pfns[0]:#x} to {pfns[-1]:#x}"


def _counts(dump: PageDump | None) -> str:
    return f"refcount {dump.refcount}, mapcount {dump.mapcount}" if dump else ""


def _known(boot: Boot, places: Places, pages: list[BadPage]) -> str:
    """Return what lies at the pages, each place once."""
    size = boot.kernel.page_size
    if size is None:
        return ""
    return " / ".join(
        dict.fromkeys(filter(None, (places.at(p.pfn * size) for p in pages if p.pfn is not None)))
    )


def _type(kernel: Kernel, dump: PageDump | None) -> str:
    """Return what a mapcount below -1 says of the page; "" where it says nothing."""
    if dump is None or dump.mapcount >= -1 or not kernel.has("page_types"):
        return ""
    later = TYPES_WITH_KMEMCG if kernel.has("kmemcg_pages") else TYPES_WITHOUT_KMEMCG
    kind = (PAGE_TYPES | later).get(-dump.mapcount)
    if kind is None:
        return ""
    return (
        f"mapcount {dump.mapcount} is the mark of {kind}: it was given back with its mark still on"
    )
