"""Who allocates hash tables at boot, and how many entries each asks for.

One row per table of alloc_large_system_hash(): fs/dcache.c, fs/inode.c, fs/namespace.c,
kernel/pid.c, kernel/futex, kernel/time/posix-timers.c, net/ipv4, net/mptcp, lib/stackdepot.c.
A bucket is counted in bytes; lock debugging makes those with a lock larger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracekit.mm.hash import Machine, alloc_large_system_hash

K = 1024
LARGEST_BUCKET = 1024


@dataclass(frozen=True, slots=True)
class Caller:
    """How one caller asks: see alloc_large_system_hash().

    ``longs`` is the bucket in words of the machine, ``buckets`` lists its sizes in bytes, or
    ``least`` is its least size on 32-bit and on 64-bit machines.
    ``option`` is the command line option that sets the number of entries, ``per_cpu`` asks
    for so many entries per possible CPU, ``fixed`` for this many. ``small`` takes the place of
    these numbers, or of ``low``, in kernels for small machines (CONFIG_BASE_SMALL). ``also``
    are sizes that a configuration fixes which no line tells (the stack depot's with KASAN).
    """

    longs: int = 0
    buckets: tuple[int, ...] = ()
    least: tuple[int, int] = (4, 4)
    scale: int = 0
    low: int = 0
    high: int = 0
    small_shift: int | None = None
    option: str | None = None
    per_cpu: int = 0
    fixed: int = 0
    small: int = 0
    also: tuple[int, ...] = ()
    exact: bool = False

    def bucket_sizes(self, bits: int, smp: bool = True) -> tuple[int, ...]:
        """Return the sizes in bytes that a bucket can have on a machine of so many bits.

        Without SMP a lock takes no room: there a bucket may be one word smaller.
        """
        if self.longs:
            return (self.longs * bits // 8,)
        return self.buckets or tuple(
            range(self.least[bits == 64] - (0 if smp else bits // 8), LARGEST_BUCKET + 1, 4)
        )


@dataclass(frozen=True, slots=True)
class Site:
    """What a table's size depends on besides memory: word size, CPUs, options, features."""

    bits: int
    cpus: int
    nodes: int
    option: Callable[[str], str | None]
    has: Callable[[str], bool]
    small: bool = False


TABLES = {
    "Dentry cache": Caller(longs=1, scale=13, option="dhash_entries"),
    "Inode-cache": Caller(longs=1, scale=14, option="ihash_entries"),
    "Mount-cache": Caller(longs=1, scale=19, option="mhash_entries"),
    "Mountpoint-cache": Caller(longs=1, scale=19, option="mphash_entries"),
    "PID": Caller(longs=1, scale=18, high=4096, small_shift=4),
    "futex": Caller(least=(12, 16), per_cpu=256, exact=True, small=16),
    "posixtimers": Caller(least=(8, 16), per_cpu=512, exact=True, small=128),
    "IP idents": Caller(buckets=(4, 8), scale=16, low=2048, high=256 * K),
    "IP route cache": Caller(buckets=(4, 8, 16), scale=15, high=512 * K, option="rhash_entries"),
    "tcp_listen_portaddr_hash": Caller(
        least=(8, 16), scale=21, high=64 * K, option="thash_entries"
    ),
    "Table-perturb": Caller(buckets=(4,), fixed=64 * K, exact=True, small=256),
    "TCP established": Caller(longs=1, scale=17, high=512 * K, option="thash_entries"),
    "TCP bind": Caller(least=(8, 16), scale=17, high=64 * K),
    "MPTCP token": Caller(least=(16, 24), scale=20, high=64 * K),
    "UDP": Caller(least=(16, 32), scale=21, low=256, high=64 * K, option="uhash_entries"),
    "UDP-Lite": Caller(least=(16, 32), scale=21, low=256, high=64 * K, option="uhash_entries"),
    "PV qspinlock": Caller(buckets=(16,)),
    "stackdepot": Caller(buckets=(4, 8, 16), scale=14, low=4 * K, high=K * K, also=(K * K,)),
}


# Until v3.13 a slot of TCP's first table had a second chain, for sockets in TIME_WAIT, and until
# v2.6.29 a lock as well; distributions took the single chain back into older kernels.
TWO_CHAINS = Caller(least=(4, 8), scale=17, high=512 * K, option="thash_entries")


def caller_of(name: str, has: Callable[[str], bool]) -> Caller | None:
    """Return how a table's caller asks in this kernel, None where it is not known."""
    if name == "TCP established" and not has("tcp_one_chain"):
        return TWO_CHAINS
    return TABLES.get(name)


def old_network_scale(all_pages: int) -> tuple[int, int]:
    """Return the scales of TCP's and of the routing table before v3.7 and v3.6.

    They asked for more on machines with 128 Ki pages or more (net/ipv4/tcp.c:tcp_init).
    """
    return (13, 15) if all_pages >= 128 * K else (15, 17)


def table_entries(
    name: str, bucket: int, machine: Machine, site: Site, *, managed: int, established: int | None
) -> int | None:
    """Return the entries of a table, or None where its caller is not known or lacks a fact.

    ``managed`` are the pages that the page allocator was given, ``established`` the entries
    of TCP's first table, which its second asks for.
    """
    caller = caller_of(name, site.has)
    if caller is None or not (caller.scale or caller.per_cpu or caller.fixed):
        return None
    wanted = _wanted(caller, site)
    scale, high = caller.scale, caller.high
    if name == "TCP bind":
        wanted = established or 0
        if not wanted:
            return None
    if name.startswith("TCP ") and not site.has("tcp_hash_scale_17"):
        scale = old_network_scale(managed)[0]
    if name == "IP route cache":
        scale = old_network_scale(managed)[1]
    if wanted and caller.option in ("thash_entries", "rhash_entries") and name != "TCP bind":
        high = 0 if name in ("TCP established", "IP route cache") else high
    if caller.exact:
        return wanted or None
    return alloc_large_system_hash(
        machine,
        bucket,
        numentries=wanted,
        scale=scale,
        low_limit=caller.small if site.small and caller.small else caller.low,
        high_limit=high,
        small_shift=caller.small_shift,
    )


def _wanted(caller: Caller, site: Site) -> int:
    if caller.exact and caller.small and site.small:
        return caller.small
    if caller.fixed:
        return caller.fixed
    if caller.per_cpu:
        wanted = caller.per_cpu * site.cpus
        return 1 << (wanted - 1).bit_length() if wanted else 0
    given = site.option(caller.option) if caller.option else None
    return int(given, 0) if given and given.isdigit() else 0


def page_table_entries(page_size: int, bucket: int) -> int:
    """Return the entries of a table that takes one page (mount and quota caches).

    fs/namespace.c:mnt_init before v3.15, fs/quota/dquot.c:dquot_init.
    """
    return page_size // bucket
