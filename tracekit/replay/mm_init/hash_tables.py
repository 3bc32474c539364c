"""Checks of the boot-time hash tables: entries from memory, size and order from the entries."""

from __future__ import annotations

from dataclasses import replace

from tracekit.boot import Boot
from tracekit.events.hash_tables import HashTableLine, RouteCache24, TcpConfigured
from tracekit.events.mm_init import MemoryLine
from tracekit.mm.hash import Machine, hash_order
from tracekit.mm.hash_tables import Caller, Site, caller_of, page_table_entries, table_entries
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import Setting

KIND = "hash_table"
NO_PAGES = "the pages that tables are sized by are not in the log"
NO_CALLER = "the caller's rule is not known"
NO_CPUS = "the number of CPUs is not in the log"
ONE_PAGE = ("Mount-cache", "Dquot-cache", "Mount cache")


class HashChecks:
    """Checks every hash table line of one boot."""

    def __init__(self, boot: Boot, setting: Setting, pages: Pages, ledger: Ledger) -> None:
        self.setting = setting
        self.ledger = ledger
        # A table's entries as logged and, where they diverge, as simulated.
        self.tables: dict[str, set[int]] = {}
        self.rounded_up: bool | None = None
        # 2.4 has tables of its own, and no common rule for their sizes.
        self.ancient = any(e.name == "Dentry-cache" for e in boot.of(HashTableLine))
        self.site = Site(
            setting.bits, setting.cpus, setting.nodes, setting.kernel.option, setting.has
        )
        config = setting.kernel.evidence.config
        if config:
            self.site = replace(self.site, small=config.get("CONFIG_BASE_SMALL") in ("y", "1"))
        self.may_be_small = not config
        self.machines = _machines(boot, setting, pages)

    def run(self, boot: Boot) -> None:
        """Check the tables in the order of the log."""
        for event in boot.events:
            match event:
                case HashTableLine():
                    self._table(event)
                case TcpConfigured():
                    self._tcp(event)
                case RouteCache24():
                    self.ledger.unchecked(KIND, NO_CALLER)

    def _table(self, event: HashTableLine) -> None:
        self.tables[event.name] = {event.entries}
        wrong_size = self._size_fault(event)
        wanted = self._entries(event)
        if wanted is not None and event.entries not in wanted and self._fits_small(event):
            self.ledger.inferred(KIND)
            return
        self.tables[event.name] |= wanted or set()
        if wanted is not None and event.entries not in wanted:
            self._diverge(event, f"{event.entries} entries", f"{min(wanted)} entries")
        elif wrong_size:
            self._diverge(event, wrong_size[0], wrong_size[1], code="MI202")
        elif wanted is not None:
            self.ledger.matched(KIND)
        else:
            self.ledger.unchecked(KIND, self._why(event))

    def _fits_small(self, event: HashTableLine) -> bool:
        """Take it that the kernel is one for small machines, if that explains the table."""
        if not self.may_be_small or self._size_fault(event):
            return False
        usual, self.site = self.site, replace(self.site, small=True)
        if event.entries not in (self._entries(event) or ()):
            self.site = usual
            return False
        self.may_be_small = False
        what = "the kernel was built for small machines (CONFIG_BASE_SMALL)"
        evidence = f"the {event.name} hash table has the {event.entries} entries of such a kernel"
        self.ledger.infer("base_small", what, evidence, event.source)
        return True

    def _why(self, event: HashTableLine) -> str:
        caller = caller_of(event.name, self.setting.has)
        if self.ancient or (caller is None and event.name not in ONE_PAGE):
            return NO_CALLER
        return NO_CPUS if caller is not None and caller.per_cpu else NO_PAGES

    def _diverge(
        self, event: HashTableLine, logged: str, simulated: str, code: str = "MI201"
    ) -> None:
        self.ledger.diverged(
            KIND, code, event.source, f"{event.name} hash table", logged=logged, simulated=simulated
        )

    # -- entries --------------------------------------------------------------------------

    def _entries(self, event: HashTableLine) -> set[int] | None:
        """Return the entries that the table can have, None where that is not decided."""
        if event.name in ONE_PAGE and (event.size is None or event.name == "Dquot-cache"):
            words = 2 if event.size is None else 1
            return {page_table_entries(self.setting.page_size, words * self.setting.bits // 8)}
        caller = caller_of(event.name, self.setting.has)
        if caller is None or self.ancient:
            return None
        if event.name == "PID" and not self.setting.has("pid_hash_by_memory"):
            return None
        if event.name == "futex" and event.nodes is not None:
            return self._futex_per_node(event.nodes)
        found = {
            self._each(event.name, bucket, machine)
            for machine in self.machines
            for bucket in self._buckets(event, caller)
        }
        # Least and most pages must give the same answer, else nothing is decided.
        decided = set(next(iter(found))) if len(found) == 1 else set()
        return decided | set(caller.also) if decided else None

    def _buckets(self, event: HashTableLine, caller: Caller) -> tuple[int, ...]:
        """Return the sizes that a bucket may have: as the line shows it where builds differ."""
        sizes = caller.bucket_sizes(self.setting.bits, self.setting.smp)
        if event.size is None:
            return sizes[:1] + sizes[-1:]
        shown = event.size // event.entries if event.entries else 0
        return (shown if shown in sizes else sizes[0],)

    def _each(self, name: str, bucket: int, machine: Machine) -> frozenset[int]:
        """Return the entries for every size that TCP's first table can have."""
        found = {
            table_entries(
                name,
                bucket,
                machine,
                self.site,
                managed=machine.all_pages,
                established=established,
            )
            for established in self.tables.get("TCP established", {0})
        }
        return frozenset(entries for entries in found if entries is not None)

    def _futex_per_node(self, nodes: int) -> set[int] | None:
        if not self.site.cpus:
            return None
        wanted = max(256 * self.site.cpus // nodes, 4)
        return {1 << (wanted - 1).bit_length()}

    # -- size -----------------------------------------------------------------------------

    def _size_fault(self, event: HashTableLine) -> tuple[str, str] | None:
        """Return (logged, expected) where size, order and entries do not fit together."""
        if event.size is None:
            return None
        if self.ancient:
            return None
        caller = caller_of(event.name, self.setting.has)
        buckets = (
            caller.bucket_sizes(self.setting.bits, self.setting.smp)
            if caller
            else (self.setting.bits // 8,)
        )
        if (
            not event.entries
            or event.size % event.entries
            or event.size // event.entries not in buckets
        ):
            sizes = " or ".join(str(event.entries * bucket) for bucket in buckets[:4])
            return f"{event.size} bytes", f"{sizes} bytes"
        order = self._order(event)
        if event.order != order:
            return f"order {event.order}", f"order {order}"
        if event.nodes is not None and event.total_kib != event.size * event.nodes // 1024:
            return f"{event.total_kib} KiB", f"{event.size * event.nodes // 1024} KiB"
        return None

    def _order(self, event: HashTableLine) -> int | None:
        """Return the order to be printed; the first table that tells settles the rounding.

        The fix of v6.18 went into stable kernels too, so the version alone does not tell.
        """
        if event.order is None or event.size is None:
            return None
        if event.name == "PID" and not self.setting.has("pid_hash_by_memory"):
            return event.entries.bit_length() - 1
        down, up = (
            hash_order(event.size, self.setting.page_size, rounded_up=way) for way in (False, True)
        )
        if self.rounded_up is None and down != up and event.order in (down, up):
            self.rounded_up = event.order == up
        rounded = self.rounded_up
        return (
            up
            if (self.setting.has("hash_order_rounded_up") if rounded is None else rounded)
            else down
        )

    def _tcp(self, event: TcpConfigured) -> None:
        named = (("TCP established", event.established), ("TCP bind", event.bind))
        for name, entries in named:
            known = self.tables.get(name)
            if known is not None and entries not in known:
                self.ledger.diverged(
                    KIND,
                    "MI203",
                    event.source,
                    f"{name} in TCP's summary",
                    logged=f"{entries} entries",
                    simulated=f"{min(known)} entries",
                )
                return
        if all(name in self.tables for name, _ in named):
            self.ledger.matched(KIND)
        else:
            self.ledger.unchecked(KIND, NO_PAGES)


def _machines(boot: Boot, setting: Setting, pages: Pages) -> list[Machine]:
    """Return the machine with the least and with the most pages that the log allows."""
    if pages.kernel_pages is None or pages.all_pages is None:
        return []
    adaptive = setting.bits == 64 and setting.has("hash_adaptive_scale")
    low, high = pages.kernel_pages[0], pages.kernel_pages[1]
    line = next(iter(boot.of(MemoryLine)), None)
    if not low and line is not None and line.reserved is not None:
        # What was free at the hand-off was free when zones were set up.
        free = line.total - line.reserved - (line.cma or 0) - (line.highmem or 0)
        low = max(free * 1024 // setting.page_size, 0)
    return [
        Machine(kernel, everything, setting.page_size, adaptive)
        for kernel, everything in ((low, pages.all_pages[0] or low), (high, pages.all_pages[1]))
    ]
