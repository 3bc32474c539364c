"""Checks of the ``Memory:`` line, number by number, and of what the zones were given.

Sizes of the kernel's own sections are facts of the image and not checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.boot import Boot
from tracekit.events.boot import LinuxVersion
from tracekit.events.bootmem import BootmemReleased
from tracekit.events.carveouts import CmaRanges, CmaReserved
from tracekit.events.devicetree import MemoryPool, ReservedMem
from tracekit.events.e820 import LastPfn
from tracekit.events.memblock import MemblockCall, MemblockRequest
from tracekit.events.mm_init import Freeing, MemoryLine, SlubBanner
from tracekit.events.percpu_setup import PercpuPaged
from tracekit.mm.handoff import Handoff
from tracekit.mm.mm_init import HIGHMEM, absent_pages
from tracekit.replay.context import Context
from tracekit.replay.ledger import Ledger
from tracekit.replay.mm_init.node_pages import Pages
from tracekit.replay.mm_init.setting import NO_RAM, Setting
from tracekit.replay.mm_init.zone_borders import ram_end

KIND = "memory_line"
NO_HEAD = "the head of the log, where areas are announced, is missing"
NO_HANDOFF = "what memblock handed over is not known"
LATER = "allocations that no line shows lie between the hand-off and the line"
OTHER_RULE = "this kernel counts the number in a way that is not modelled"
FOUR_LEVELS = 1 << 34
HUGE_PAGE_CALLERS = ("alloc_bootmem", "__alloc_bootmem_huge_page")


@dataclass(slots=True)
class MemoryChecks:
    """Checks one boot's Memory: line."""

    boot: Boot
    setting: Setting
    pages: Pages
    handoff: Handoff | None
    ledger: Ledger
    agreed: bool = False
    zero: int | None = None
    huge_given: bool | None = None
    aligned_vmalloc: bool = False
    inferred: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Check every number of the line."""
        for line in self.boot.of(MemoryLine)[:1]:
            self._settle(line)
            self._total(line)
            before = self.ledger.kind(KIND).diverged
            self._reserved(line)
            self.agreed = self.ledger.kind(KIND).diverged == before
            self._cma(line)
            self._highmem(line)
            self._available(line)
            self._handed_over(line)

    def _kib(self, pages: int) -> int:
        return pages * self.setting.page_size // 1024

    def _check(
        self,
        code: str,
        line: MemoryLine,
        name: str,
        logged: int,
        wanted: int | None,
        reason: str = NO_HANDOFF,
    ) -> None:
        if wanted is None:
            self.ledger.unchecked(KIND, reason)
        elif logged == wanted:
            self.ledger.inferred(KIND) if code in self.inferred else self.ledger.matched(KIND)
        else:
            self.ledger.diverged(
                KIND,
                code,
                line.source,
                f"Memory: {name}",
                logged=f"{logged}K",
                simulated=f"{wanted}K",
            )

    # -- what only the line itself tells --------------------------------------------------

    def _settle(self, line: MemoryLine) -> None:
        """Take from the line what no other tells, where one of the possible values fits it.

        How many zero pages there are, whether gigantic pages are given back before the line
        (which is newer than some releases that have it), whether KASLR moved the vmalloc area.
        """
        if line.reserved is not None and self._reserved_kib(line) not in (line.reserved, None):
            for zero, huge in self._possible():
                self.zero, self.huge_given = zero, huge
                if self._reserved_kib(line) == line.reserved:
                    self._infer("MI302", line, "zero pages or huge pages counted another way")
                    break
            else:
                self.zero, self.huge_given = None, None
        free, tables = self._free(), self._taken()
        if free is None or tables is None or not self._vmalloc_may_be_aligned():
            return
        if line.available == self._kib(free - tables + 1):
            self.aligned_vmalloc = True
            self._infer("MI305", line, "the vmalloc area begins at a top-level entry")

    def _possible(self) -> list[tuple[int | None, bool | None]]:
        """Return the counts of zero pages, and whether huge pages count, that may also be."""
        found: list[tuple[int | None, bool | None]] = []
        if self.setting.kernel.arch in ("mips", "mips64"):
            found += [(0, None), (8, None)]
        elif self.setting.kernel.arch == "s390x":
            found.append((0, None))
        if self._huge_pages():
            found += [(None, True), (None, False)]
        return found

    def _vmalloc_may_be_aligned(self) -> bool:
        return (
            self.setting.kernel.arch == "x86_64"
            and self.setting.has("x86_prealloc_vmalloc")
            and self.setting.kernel.option("nokaslr") is None
        )

    def _infer(self, code: str, line: MemoryLine, what: str) -> None:
        self.inferred.add(code)
        self.ledger.infer("memory_line", what, "the line's number fits that exactly", line.source)

    # -- total ----------------------------------------------------------------------------

    def _new(self, line: MemoryLine) -> bool:
        """Whether the wording is that of v3.11 and later (mem_init_print_info)."""
        return line.rwdata is not None

    def _total(self, line: MemoryLine) -> None:
        wanted = self._total_pages(line)
        reason = OTHER_RULE if self.pages.nodes else NO_RAM
        kib = None if wanted is None else self._kib(wanted)
        self._check("MI301", line, "total", line.total, kib, reason)
        if line.absent is not None:
            self._absent(line)

    def _total_pages(self, line: MemoryLine) -> int | None:
        if not self.pages.nodes:
            return None
        if self._new(line):
            return self.pages.present
        if _of_arm(line):
            return self.given()
        if self.setting.kernel.arch in ("x86_64", "i386"):
            ranges = self.setting.memory.ranges or []
            return ram_end(self.boot, self.setting, ranges) // self.setting.page_size
        return None

    def _absent(self, line: MemoryLine) -> None:
        assert line.absent is not None
        ranges = self.setting.memory.ranges
        wanted = None
        if ranges and self.setting.kernel.arch == "x86_64":
            wanted = self._kib(absent_pages(ranges, None, 0, max(r.end_pfn for r in ranges)))
        self._check("MI306", line, "absent", line.absent, wanted, NO_RAM)

    # -- reserved, cma, highmem -----------------------------------------------------------

    def given(self) -> int | None:
        """Return the pages handed over and freed late before the line, HighMem included."""
        total = self._handed()
        if total is None:
            return None
        return total + sum(pages for _, pages in self.adjustments())

    def _handed(self) -> int | None:
        """Return the pages that memblock, or bootmem by its own count, handed over."""
        if self.handoff is not None:
            total = sum(self.handoff.managed().values())
            return total + sum(area.pages for area in self.handoff.deferred)
        released = [event.released for event in self.boot.of(BootmemReleased)]
        return sum(released) if released and not self._has_highmem() else None

    def _memblock_handed(self) -> Handoff | None:
        """Return the hand-off where it was memblock's, not bootmem's."""
        return self.handoff if self.setting.memory.released is None else None

    def adjustments(self) -> list[tuple[str, int]]:
        """Return what changes the kernel's count after memblock's hand-off: (name, pages)."""
        line = self.boot.of(MemoryLine)[0]
        before = self.setting.has("huge_pages_before_memory_line")
        given_back = before if self.huge_given is None else self.huge_given
        huge = self._huge_pages() if given_back else 0
        return [
            ("gigantic huge pages, counted as given", huge),
            ("freed by lines before the Memory: line", self._freed_before(line)),
            ("zero pages of the architecture", -self.zeroes),
        ]

    def _huge_pages(self) -> int:
        """Return the pages of gigantic huge pages, which count as given from the start on."""
        return sum(size for _, size in gigantic_pages(self.boot)) // self.setting.page_size

    @property
    def zeroes(self) -> int:
        """Pages that this boot's mem_init() kept as zero pages."""
        return self._zero_pages(self._handed() or 0)

    def _zero_pages(self, total: int) -> int:
        """Return the pages that mem_init() keeps for itself as zero pages and counts as reserved.

        mips keeps one (eight where its caches have aliases, which no line shows), s390 up to
        128 by the size of memory (arch/{mips,s390}/mm/init.c:setup_zero_pages).
        """
        if self.zero is not None:
            return self.zero
        if self.setting.kernel.arch in ("mips", "mips64"):
            return 1
        if self.setting.kernel.arch != "s390x":
            return 0
        order = 7
        while order > 2 and total >> 10 < 1 << order:
            order -= 1
        return 1 << order

    def _freed_before(self, line: MemoryLine) -> int:
        """Return the pages freed by other lines between the hand-off and the line."""
        start = min((e.source.line for e in self.boot.of(SlubBanner)), default=line.source.line)
        pages = 0
        for event in self.boot.events:
            if not start < event.source.line < line.source.line:
                continue
            if isinstance(event, Freeing):
                pages += event.kib * 1024 // self.setting.page_size
            elif isinstance(event, MemblockCall) and event.is_late:
                first = -(-event.base // self.setting.page_size)
                pages += max((event.bound + 1) // self.setting.page_size - first, 0)
        return pages

    def _reserved(self, line: MemoryLine) -> None:
        if line.reserved is not None:
            reason = NO_HANDOFF if self.given() is None else OTHER_RULE
            wanted = self._reserved_kib(line)
            self._check("MI302", line, "reserved", line.reserved, wanted, reason)

    def _reserved_kib(self, line: MemoryLine) -> int | None:
        given = self.given()
        wanted = None
        if given is not None and self._new(line):
            cma = self._cma_kib() if line.cma is not None else 0
            wanted = self._kib(self.pages.present - given) - cma
        elif given is not None and (line.absent is not None or _of_arm(line)):
            wanted = self._kib(self.pages.present - given)
        elif self.setting.kernel.arch == "i386" and line.data is not None:
            wanted = self._old_i386_reserved()
        return wanted

    def _old_i386_reserved(self) -> int | None:
        """Return the KiB of lowmem that is RAM but was not given, page 0 left out.

        arch/x86/mm/init_32.c:mem_init before v3.11. With bootmem and several nodes the remap
        allocator has taken pages out of zones, which is not modelled.
        """
        zones = [zone for node in self.pages.nodes for zone in node.zones if zone.name != HIGHMEM]
        present = sum(zone.present for zone in zones) - any(
            zone.present and not zone.start_pfn for zone in zones
        )
        handoff = self._memblock_handed()
        if handoff is not None:
            managed = handoff.managed()
            low = sum(pages for (_, zone), pages in managed.items() if zone != HIGHMEM)
            return self._kib(present - low)
        handed = self._handed()
        return self._kib(present - handed) if handed and len(self.pages.nodes) == 1 else None

    def _cma(self, line: MemoryLine) -> None:
        if line.cma is None:
            return
        wanted: int | None = self._cma_kib()
        if not wanted and not self.boot.of(LinuxVersion):
            wanted = None
        self._check("MI303", line, "cma-reserved", line.cma, wanted, NO_HEAD)

    def _cma_kib(self) -> int:
        """Return the KiB of all CMA areas, each a multiple of the largest pageblock.

        The lines show whole MiB of what was asked for, before it is rounded up
        (mm/cma.c:cma_declare_contiguous_nid).
        """
        areas = {e.range for e in self.boot.events if isinstance(e, CmaReserved)}
        areas |= {e.range for e in self.boot.of(MemoryPool) if e.pool == "CMA"}
        if not areas:
            areas = {e.range for e in self.boot.of(ReservedMem) if e.reusable}
        least = self._least_cma()
        found = sum(-(-(end - start) // least) * least for start, end in areas) // 1024
        return found + sum(e.mib for e in self.boot.of(CmaRanges)) * 1024

    def _least_cma(self) -> int:
        return self.setting.page_size << self.setting.pageblock_order

    def _highmem(self, line: MemoryLine) -> None:
        if line.highmem is None:
            return
        wanted = None
        if self.handoff is not None:
            managed = self.handoff.managed()
            wanted = self._kib(sum(n for (_, zone), n in managed.items() if zone == HIGHMEM))
        elif self.pages.nodes and not self._has_highmem():
            wanted = 0
        self._check("MI304", line, "highmem", line.highmem, wanted)

    def _has_highmem(self) -> bool:
        zones = (zone for node in self.pages.nodes for zone in node.zones)
        return any(zone.name == HIGHMEM and zone.present for zone in zones)

    # -- available ------------------------------------------------------------------------

    def _available(self, line: MemoryLine) -> None:
        banners = self.boot.of(SlubBanner)
        if banners and banners[0].source.line < line.source.line:
            self._at_most(line)
            return
        taken, free = self._taken(), self._free()
        if free is None or taken is None:
            self.ledger.unchecked(KIND, NO_HANDOFF if free is None else OTHER_RULE)
            return
        free -= taken
        self._check("MI305", line, "available", line.available, self._kib(free))

    def _at_most(self, line: MemoryLine) -> None:
        """Check that no more is free than was given; how much was taken, no line shows."""
        given = self.given()
        if given is None or line.available <= self._kib(given):
            self.ledger.unchecked(KIND, LATER)
        else:
            self._check("MI305", line, "available", line.available, self._kib(given))

    def _free(self) -> int | None:
        if self.handoff is not None:
            return sum(zone.free_pages for zone in self.handoff.zones)
        return self._handed()

    def _taken(self) -> int | None:
        """Return the pages that mem_init() takes before it prints, None where not known."""
        match self.setting.kernel.arch:
            case "x86_64":
                return self._vmalloc_tables() if self.setting.has("x86_prealloc_vmalloc") else 0
            case "mips" | "mips64" | "s390x":
                return self.zeroes
            case "i386" if self._memblock_handed() is None:
                return None
            case "i386" | "arm" | "arm64" | "riscv64" | "ppc64" | "ppc32" | "loongarch64":
                return 0
        return None

    def _vmalloc_tables(self) -> int:
        """Return the page tables that x86_64 gives to the vmalloc area in advance.

        One for each top-level entry: 32 TiB in steps of 512 GiB, or 12,800 TiB in steps of
        256 TiB with five levels. KASLR moves the area off that step, so that it needs one more;
        a percpu area mapped by pages has its table already
        (arch/x86/mm/init_64.c:preallocate_vmalloc_pages).
        """
        top = next((e.max_arch_pfn for e in self.boot.of(LastPfn) if e.max_arch_pfn), FOUR_LEVELS)
        tables = 50 if top > FOUR_LEVELS else 64
        config = self.setting.kernel.evidence.config
        fixed = self.setting.kernel.option("nokaslr") is not None
        if not fixed and (not config or config.get("CONFIG_RANDOMIZE_MEMORY") == "y"):
            tables += not self.aligned_vmalloc
        return tables - 1 if self.boot.of(PercpuPaged) else tables

    # -- the zones ------------------------------------------------------------------------

    def _handed_over(self, line: MemoryLine) -> None:
        """Enter what the line says of the hand-off: the pages of all zones together."""
        if self.given() is None:
            self.ledger.unchecked("buddy_handoff", NO_HANDOFF)
        elif not self.agreed or line.reserved is None:
            self.ledger.unchecked("buddy_handoff", "the Memory: line does not show it")
        else:
            self.ledger.matched("buddy_handoff")


def gigantic_pages(boot: Boot) -> Iterator[tuple[int, int]]:
    """Yield address and bytes of each gigantic huge page that memblock had room for."""
    wanted: MemblockRequest | None = None
    for event in boot.events:
        if isinstance(event, MemblockRequest):
            wanted = event if event.by in HUGE_PAGE_CALLERS else None
        elif wanted is not None and isinstance(event, MemblockCall):
            if event.bound + 1 - event.base == wanted.size:
                yield event.base, wanted.size
            wanted = None


def _of_arm(line: MemoryLine) -> bool:
    """Whether the wording is arm's own before v3.11, whose total is what is free."""
    return line.code is None and line.absent is None and line.highmem is not None


def kernel_view(context: Context) -> list[tuple[str, int]]:
    """Return what the Memory: line counts besides the hand-off, by name, in bytes."""
    checks = context.take(MemoryChecks)
    if checks is None:
        return []
    page = checks.setting.page_size
    return [(name, pages * page) for name, pages in checks.adjustments()]
