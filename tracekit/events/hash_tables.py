"""Facts about the boot-time hash tables."""

from __future__ import annotations

from typing import Any

from tracekit.events.base import Event, Source, event


@event("hash_table", "hash_table_bare", "dquot_hash", "futex_hash")
class HashTableLine(Event, frozen=True):
    """A hash table of ``entries`` buckets and ``size`` bytes.

    ``order`` is as printed (negative below a page), ``placement`` linear or vmalloc; what
    the wording does not give is None. ``nodes`` is given where each node has such a table.
    """

    name: str
    entries: int
    order: int | None = None
    size: int | None = None
    placement: str | None = None
    nodes: int | None = None
    total_kib: int | None = None

    @classmethod
    def from_fields(cls, source: Source, rule: str, fields: dict[str, Any]) -> HashTableLine:
        """Build from the general wording or that of a caller."""
        names = {"dquot_hash": "Dquot-cache", "futex_hash": "futex"}
        return cls(source, **{"name": names.get(rule, ""), **fields})


@event("tcp_configured")
class TcpConfigured(Event, frozen=True):
    """TCP's own summary of its two tables, in entries."""

    established: int
    bind: int


@event("route_cache_24")
class RouteCache24(Event, frozen=True):
    """2.4's routing cache: buckets and KiB."""

    entries: int
    kbytes: int
