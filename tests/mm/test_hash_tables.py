"""The callers' rules: how many entries each table gets."""

from __future__ import annotations

import pytest

from tracekit.mm.hash import Machine
from tracekit.mm.hash_tables import TABLES, Site, page_table_entries, table_entries

MACHINE = Machine(128736, 128736)


def site(bits: int = 64, cpus: int = 2, modern: bool = True, **options: str) -> Site:
    return Site(bits, cpus, 1, options.get, lambda _: modern)


@pytest.mark.parametrize(
    ("name", "bucket", "entries"),
    [
        ("Dentry cache", 8, 65536),
        ("futex", 64, 512),
        ("IP idents", 8, 8192),
        ("tcp_listen_portaddr_hash", 16, 256),
        ("Table-perturb", 4, 65536),
        ("TCP established", 8, 4096),
        ("TCP bind", 32, 4096),
        ("MPTCP token", 24, 512),
        ("UDP", 32, 256),
    ],
)
def test_a_512m_machine_with_two_cpus(name: str, bucket: int, entries: int) -> None:
    found = table_entries(name, bucket, MACHINE, site(), managed=113270, established=4096)
    assert found == entries


def test_options_set_the_number() -> None:
    wanted = site(thash_entries="1000000", uhash_entries="5000")
    for name, entries in (("TCP established", 1 << 20), ("UDP", 8192)):
        assert table_entries(name, 8, MACHINE, wanted, managed=0, established=None) == entries


def test_old_kernels_asked_for_more_where_memory_was_large() -> None:
    old = site(32, modern=False)
    for managed, entries in ((65024, 16384), (200000, 65536)):
        found = table_entries("TCP established", 8, MACHINE, old, managed=managed, established=None)
        assert found == entries


def test_what_is_not_known_has_no_answer() -> None:
    assert table_entries("nothing", 8, MACHINE, site(), managed=0, established=None) is None
    assert table_entries("TCP bind", 8, MACHINE, site(), managed=0, established=None) is None
    assert table_entries("futex", 8, MACHINE, site(cpus=0), managed=0, established=None) is None


def test_a_lock_takes_no_room_without_smp() -> None:
    sizes = TABLES["TCP bind"].bucket_sizes(32, smp=False)
    assert 4 in sizes
    assert 4 not in TABLES["TCP bind"].bucket_sizes(32)
    assert TABLES["Dentry cache"].bucket_sizes(32) == (4,)


def test_a_table_of_one_page() -> None:
    assert page_table_entries(4096, 8) == 512


def test_the_stack_depot_has_two_sizes() -> None:
    found = table_entries("stackdepot", 8, MACHINE, site(), managed=0, established=None)
    assert found == 32768
    assert TABLES["stackdepot"].also == (1 << 20,)
