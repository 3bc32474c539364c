"""What each architecture asks of percpu's first chunk.

Mirrors the setup_per_cpu_areas() of arch/x86/kernel/setup_percpu.c, arch/powerpc/kernel,
arch/sparc/kernel/smp_64.c, drivers/base/arch_numa.c and the generic one in mm/percpu.c, with
the sizes of include/linux/percpu.h. Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True, slots=True)
class Build:
    """What the configuration sets: room for modules and the least dynamic size.

    ``profiled`` stands for CONFIG_MEM_ALLOC_PROFILING (since v6.10), ``size_shift`` above 10
    for CONFIG_RANDOM_KMALLOC_CACHES (since v6.6), ``backported`` for the larger dynamic
    reserve in an older kernel.
    """

    modules: bool = True
    profiled: bool = False
    size_shift: int = 10
    backported: bool = False

    @property
    def module_reserve(self) -> int:
        """PERCPU_MODULE_RESERVE."""
        if not self.modules:
            return 0
        return 8 << (13 if self.profiled else 10)

    def __str__(self) -> str:
        parts = ["with modules" if self.modules else "without modules"]
        if self.profiled:
            parts.append("with memory allocation profiling")
        if self.size_shift > 10:
            parts.append("with random kmalloc caches")
        if self.backported:
            parts.append("with the larger dynamic reserve of later kernels")
        return "the kernel was built " + ", ".join(parts)


USUAL = Build()


def builds() -> Iterator[Build]:
    """Yield the builds that change the sizes, the usual one first."""
    for shift in (10, 12, 13):
        for modules, profiled in ((True, False), (False, False), (True, True)):
            yield Build(modules, profiled, shift)
    yield Build(backported=True)


def dynamic_reserve(bits: int, has: Callable[[str], bool], build: Build) -> int:
    """Return PERCPU_DYNAMIC_RESERVE."""
    if has("pcpu_dynamic_28k"):
        return (28 if bits == 64 else 20) << build.size_shift
    return (20 if bits == 64 else 12) * KIB


def early_least(has: Callable[[str], bool], build: Build) -> int:
    """Return PERCPU_DYNAMIC_EARLY_SIZE, the least dynamic size of any first chunk."""
    if not has("pcpu_early_least"):
        return 0
    return (20 if has("pcpu_early_20k") else 12) << (
        build.size_shift if has("pcpu_early_20k") else 10
    )


def reserved_size(arch: str, build: Build) -> int:
    """Return what the architecture sets apart for modules' static variables."""
    return 0 if arch in ("i386", "ppc64") else build.module_reserve


def dynamic_size(arch: str, bits: int, has: Callable[[str], bool], build: Build) -> int:
    """Return the least dynamic size that embedding asks for.

    Where modules have no room of their own, the dynamic part grows by as much.
    """
    dyn = dynamic_reserve(bits, has, build)
    if arch == "i386" or arch == "ppc64":
        dyn += build.module_reserve
    return max(dyn, early_least(has, build))


def atom_sizes(
    arch: str, page_size: int, huge_page: int, has: Callable[[str], bool]
) -> tuple[int, ...]:
    """Return the units of allocation that the architecture may ask for, the usual one first."""
    match arch:
        case "x86_64":
            return (huge_page, page_size)
        case "i386":
            old = (huge_page, 4 * MIB, page_size)
            return (page_size,) if has("x86_32_percpu_by_page_atom") else old
        case "loongarch64":
            return (huge_page, page_size)
        case "ppc64":
            return (page_size, MIB)
        case "sparc64":
            return (4 * MIB,)
    return (page_size,)
