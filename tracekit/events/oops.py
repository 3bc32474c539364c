"""What the kernel says when a page or an address is not what it should be."""

from __future__ import annotations

import re
from typing import Any

from tracekit.events.base import Event, Source, event


@event("bad_page")
class BadPage(Event, frozen=True):
    """A page whose struct page is not that of a free one (mm/page_alloc.c:bad_page)."""

    comm: str
    pfn: int


@event("page_fault", "page_fault_arm")
class PageFault(Event, frozen=True):
    """The kernel touched a virtual address that is not mapped."""

    address: int


@event("allocation_failure")
class AllocationFailure(Event, frozen=True):
    """The page allocator had no block of 2^order pages; ``flags`` are the names of ``mode``."""

    comm: str
    order: int
    mode: int
    flags: str = ""

    @classmethod
    def from_fields(cls, source: Source, _rule: str, fields: dict[str, Any]) -> AllocationFailure:
        """Take the names of the flags from what follows the mode; older kernels print none."""
        named = re.match(r"\(([A-Z0-9_|]+)\)", fields.get("tail", ""))
        flags = named[1] if named else ""
        return cls(source, fields["comm"], fields["order"], fields["mode"], flags)
