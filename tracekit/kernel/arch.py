"""What an architecture fixes for every kernel built for it: word size, pages, sections, zones.

The facts hold for all kernel versions; where one changed with a version, the table in
kernel/features.py says so and a function here asks it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.kernel.kernel import Kernel

KIB = 1024


@dataclass(frozen=True, slots=True)
class Arch:
    """Facts of one architecture.

    ``bits`` is the size of a long. ``page_sizes`` are the page sizes (bytes) that the kernel
    can be built for, the usual one first. ``section_size_bits`` and ``max_physmem_bits`` are
    log2 of bytes (asm/sparsemem.h), None where the architecture has no sparse memory model.
    ``zones`` are the zones below Movable that it can have, lowest first. ``bottom_up`` says
    that memblock searches upwards from setup_arch on. ``page_offset`` is the usual virtual
    address of the start of RAM (the linear map), None where it is not one fixed value.
    """

    name: str
    bits: int
    page_sizes: tuple[int, ...] = (4 * KIB,)
    section_size_bits: int | None = None
    max_physmem_bits: int | None = None
    zones: tuple[str, ...] = ("Normal",)
    bottom_up: bool = False
    page_offset: int | None = None

    @property
    def is_32bit(self) -> bool:
        """Whether a long has 32 bits, so that RAM may lie beyond the linear map (lowmem)."""
        return self.bits == 32


_DMA = ("DMA", "Normal")
_DMA32 = ("DMA32", "Normal")
_BOTH = ("DMA", "DMA32", "Normal")
_HIGH = ("DMA", "Normal", "HighMem")
_LARGE = (4 * KIB, 16 * KIB, 64 * KIB)

# Sources, by architecture: arch/*/include/asm/sparsemem.h (sections), asm/page.h or Kconfig
# (page sizes, PAGE_OFFSET), arch_zone_limits_init or zone_sizes_init (zones), and the callers
# of memblock_set_bottom_up: mips arch_mem_init, alpha setup_arch, parisc setup_bootmem,
# sparc32 bootmem_init, m68k motorola paging_init. x86 searches upwards only with
# movable_node, and s390, loongarch and powerpc only around single allocations.
ARCHES: dict[str, Arch] = {
    arch.name: arch
    for arch in (
        Arch("x86_64", 64, (4 * KIB,), 27, 46, _BOTH, False, 0xFFFF_8880_0000_0000),
        Arch("i386", 32, (4 * KIB,), 26, 32, _HIGH, False, 0xC000_0000),
        Arch("arm64", 64, _LARGE, 27, 48, _BOTH),
        Arch("arm", 32, (4 * KIB,), 28, 36, _HIGH, False, 0xC000_0000),
        Arch("riscv64", 64, (4 * KIB,), 27, 56, _DMA32),
        Arch("riscv32", 32, (4 * KIB,), 27, 32, ("Normal",), False, 0xC000_0000),
        Arch("ppc64", 64, (64 * KIB, 4 * KIB), 24, 46, _DMA, False, 0xC000_0000_0000_0000),
        Arch(
            "ppc32",
            32,
            (4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB),
            None,
            None,
            _HIGH,
            False,
            0xC000_0000,
        ),
        Arch("s390x", 64, (4 * KIB,), 28, 46, _DMA, False, 0),
        Arch("mips", 32, _LARGE, 28, 48, _HIGH, True, 0x8000_0000),
        Arch("mips64", 64, _LARGE, 28, 48, _BOTH, True),
        Arch("loongarch64", 64, (16 * KIB, 4 * KIB, 64 * KIB), 29, 48, _DMA32),
        Arch("sparc64", 64, (8 * KIB,), 30, 53, ("Normal",)),
        Arch("sparc32", 32, (4 * KIB,), None, None, _HIGH, True, 0xF000_0000),
        Arch("parisc", 32, (4 * KIB,), None, None, ("Normal",), True, 0x1000_0000),
        Arch("parisc64", 64, _LARGE, 27, 39, ("Normal",), True, 0x4000_0000),
        Arch("alpha", 64, (8 * KIB,), 27, 48, _DMA, True, 0xFFFF_FC00_0000_0000),
        Arch(
            "ia64",
            64,
            (16 * KIB, 4 * KIB, 8 * KIB, 64 * KIB),
            30,
            50,
            _DMA32,
            False,
            0xE000_0000_0000_0000,
        ),
        Arch(
            "sh",
            32,
            (4 * KIB, 8 * KIB, 16 * KIB, 64 * KIB),
            26,
            32,
            ("Normal",),
            False,
            0x8000_0000,
        ),
        Arch("m68k", 32, (4 * KIB, 8 * KIB), None, None, _DMA, True, 0),
    )
}


def facts(name: str | None) -> Arch | None:
    """Return the facts of an architecture by name, None where it is not known."""
    return ARCHES.get(name) if name is not None else None


def section_size(kernel: Kernel) -> int | None:
    """Return the bytes of one memory section, None where unknown or not a sparse kernel.

    The variants of arch/*/include/asm/sparsemem.h: arm64 by page size and, before 5.12, one
    large size; i386 with PAE; the kconfig, where there is one, rules out flat memory models.
    """
    arch = facts(kernel.arch)
    if arch is None or arch.section_size_bits is None or _is_flat(kernel):
        return None
    return 1 << _section_bits(kernel, arch.section_size_bits)


def _is_flat(kernel: Kernel) -> bool:
    config = kernel.evidence.config
    return bool(config) and config.get("CONFIG_SPARSEMEM") != "y"


def _section_bits(kernel: Kernel, usual: int) -> int:
    if kernel.arch == "arm64":
        if not kernel.has("arm64_small_sections", default=True):
            return 30
        return 29 if kernel.page_size == 64 * KIB else usual
    if kernel.arch == "i386" and kernel.has("x86_pae"):
        return 29
    return usual


_ORDERS = {
    ("arm64", 16384): 12,
    ("arm64", 65536): 14,
    ("loongarch64", 16384): 12,
    ("loongarch64", 65536): 14,
    ("mips64", 16384): 12,
    ("mips64", 65536): 14,
    ("ppc64", 4096): 13,
    ("ppc64", 65536): 9,
    ("ia64", 16384): 17,
    ("sparc64", 8192): 13,
}


def nr_orders(kernel: Kernel, page_size: int) -> int:
    """Return the number of orders: 11 unless the configuration or the architecture differs.

    The symbol counted orders before v6.4 (23baf831a32c) and names the largest one since.
    """
    config = kernel.evidence.config
    for name, more in (("CONFIG_ARCH_FORCE_MAX_ORDER", None), ("CONFIG_FORCE_MAX_ZONEORDER", 0)):
        if name in config:
            inclusive = kernel.has("max_order_inclusive", default=True) if more is None else False
            return int(config[name]) + int(inclusive)
    return _ORDERS.get((kernel.arch or "", page_size), 11)
