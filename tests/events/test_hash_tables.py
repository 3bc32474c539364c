"""Hash table lines in every wording."""

from __future__ import annotations

import pytest

from tests.events.reading import read
from tracekit.events.hash_tables import HashTableLine, RouteCache24, TcpConfigured


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dentry cache hash table entries: 65536 (order: 7, 524288 bytes, linear)",
         ("Dentry cache", 65536, 7, 524288, "linear")),
        ("UDP hash table entries: 65536 (order: 9, 2097152 bytes, vmalloc hugepage)",
         ("UDP", 65536, 9, 2097152, "vmalloc hugepage")),
        ("PID hash table entries: 512 (order: -1, 2048 bytes)", ("PID", 512, -1, 2048, None)),
        ("Mount-cache hash table entries: 256", ("Mount-cache", 256, None, None, None)),
        ("VFS: Dquot-cache hash table entries: 512 (order 0, 4096 bytes)",
         ("Dquot-cache", 512, 0, 4096, None)),
        ("VFS: Dquot-cache hash table entries: 512 (4096 bytes)",
         ("Dquot-cache", 512, None, 4096, None)),
        ("futex hash table entries: 256 (16384 bytes on 2 NUMA nodes, total 32 KiB, linear).",
         ("futex", 256, None, 16384, "linear")),
    ],
)  # fmt: skip
def test_tables(text: str, expected: tuple[object, ...]) -> None:
    event = read(text)
    assert isinstance(event, HashTableLine)
    assert (event.name, event.entries, event.order, event.size, event.placement) == expected


def test_summaries() -> None:
    tcp = read("TCP: Hash tables configured (established 4096 bind 2048)")
    route = read("IP: routing cache hash table of 512 buckets, 4Kbytes")
    assert isinstance(tcp, TcpConfigured)
    assert isinstance(route, RouteCache24)
    assert (tcp.established, tcp.bind, route.entries, route.kbytes) == (4096, 2048, 512, 4)
