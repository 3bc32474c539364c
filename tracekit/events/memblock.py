"""Memblock's own lines: calls, requests, dumps of its lists (mm/memblock.c, memblock=debug)."""

from __future__ import annotations

from tracekit.events.base import Event, event


@event("memblock_call", "memblock_call_flags", "memblock_call_nid", "memblock_x86_call")
class MemblockCall(Event, frozen=True):
    """A list changes: ``function`` names how.

    ``base`` and ``bound`` are the two numbers as printed, in bytes; whether ``bound`` is the
    last byte or the one after it depends on the kernel. ``caller`` is symbol+offset/size, or
    the ``tag`` of memblock_x86_reserve_range.
    """

    function: str
    base: int
    bound: int
    nid: int | None = None
    flags: int | None = None
    caller: str = ""
    tag: str = ""

    @property
    def is_reserve(self) -> bool:
        """Whether the range joins the reserved list."""
        return "reserve" in self.function

    @property
    def is_free(self) -> bool:
        """Whether the range leaves the reserved list."""
        return "free" in self.function and not self.is_late

    @property
    def is_late(self) -> bool:
        """Whether pages go straight to the page allocator (memblock_free_late)."""
        return self.function.endswith("free_late")

    @property
    def by(self) -> str:
        """Who made the call: the caller's symbol without its offset, or the tag."""
        return self.tag.strip() or self.caller.partition("+")[0]


@event("memblock_request", "memblock_request_node")
class MemblockRequest(Event, frozen=True):
    """An allocation is asked for; the next reserve line shows its place, if it succeeds.

    Sizes and addresses in bytes; ``max_addr`` is exclusive, 0 and 1 mean current_limit.
    """

    request: str
    size: int
    align: int
    min_addr: int
    max_addr: int
    nid: int | None = None
    caller: str = ""

    @property
    def exact_nid(self) -> bool:
        """Whether another node's memory will not do."""
        return "exact_nid" in self.request

    @property
    def by(self) -> str:
        """The caller's symbol without its offset."""
        return self.caller.partition("+")[0]


@event("memblock_doubled")
class MemblockDoubled(Event, frozen=True):
    """A region array was full and moved: [base, bound] inclusive, in bytes."""

    list: str
    entries: int
    base: int
    bound: int


@event("memblock_dump")
class MemblockDump(Event, frozen=True):
    """``MEMBLOCK configuration:``; totals, counts and rows follow."""


@event("memblock_totals")
class MemblockTotals(Event, frozen=True):
    """The running sums of the lists in bytes; v2.6.38 prints only that of memory."""

    memory_size: int
    reserved_size: int | None = None


@event("memblock_count")
class MemblockCount(Event, frozen=True):
    """Number of regions in one list; 1 also for an empty list before v6.9."""

    list: str
    count: int


@event("memblock_row")
class MemblockRow(Event, frozen=True):
    """One region of a dump: [base, bound] inclusive, ``size`` in bytes; nid None if unset."""

    list: str
    index: int
    base: int
    bound: int
    size: int
    nid: int | None = None
    flags: int | None = None
