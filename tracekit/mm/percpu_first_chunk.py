"""The percpu allocator's first chunk: its sizes, units and groups.

Mirrors mm/percpu.c: pcpu_build_alloc_info(), pcpu_embed_first_chunk(),
pcpu_page_first_chunk() and the first chunk of kernels without SMP. Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

PCPU_MIN_UNIT_SIZE = 32 << 10
EMPTY_UNIT = None

Distance = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Request:
    """What an architecture asks of the first chunk.

    ``static`` is the size of the kernel's percpu section, ``reserved`` what modules' static
    variables get, ``dyn`` the least dynamic size. ``atom`` is the unit of allocation,
    ``least_unit`` that of a unit (64 KiB before v2.6.37).
    """

    static: int
    reserved: int
    dyn: int
    atom: int
    page_size: int = 4096
    least_unit: int = PCPU_MIN_UNIT_SIZE


@dataclass(frozen=True, slots=True)
class AllocInfo:
    """The layout: ``struct pcpu_alloc_info``.

    ``units`` per allocation of ``alloc`` bytes; ``groups`` lists, for each group, the CPU of
    each unit, with None for a unit that no CPU uses.
    """

    static: int
    reserved: int
    dyn: int
    unit: int
    alloc: int
    atom: int
    groups: tuple[tuple[int | None, ...], ...]

    @property
    def size_sum(self) -> int:
        """Bytes of a unit that are in use: static, reserved and dynamic."""
        return self.static + self.reserved + self.dyn

    @property
    def units_per_alloc(self) -> int:
        """Units in one allocation."""
        return self.alloc // self.unit

    def group_bytes(self, group: int) -> int:
        """Return the bytes that one group's units take."""
        return len(self.groups[group]) * self.unit


def _align(size: int, to: int) -> int:
    return -(-size // to) * to


def unit_sizes(request: Request) -> tuple[int, int, int]:
    """Return (dynamic size, least unit size, size of an allocation)."""
    size_sum = _align(request.static + request.reserved + request.dyn, request.page_size)
    dyn = size_sum - request.static - request.reserved
    least = max(size_sum, _align(request.least_unit, request.page_size))
    return dyn, least, _align(least, request.atom)


def _fits(alloc: int, upa: int, page_size: int) -> bool:
    return alloc % upa == 0 and alloc // upa % page_size == 0


def group_cpus(cpus: Sequence[int], near: Distance) -> list[list[int]]:
    """Return the CPUs in groups of those near each other.

    ``near(cpu, other)`` says whether the distance from one to the other is LOCAL_DISTANCE; a
    CPU joins the first group in whose members it sees none that is far, in both directions.
    """
    groups: list[list[int]] = []
    for cpu in cpus:
        for group in groups:
            if all(near(cpu, other) and near(other, cpu) for other in group):
                group.append(cpu)
                break
        else:
            groups.append([cpu])
    return groups


def best_units_per_alloc(alloc: int, least: int, counts: Sequence[int], page_size: int) -> int:
    """Return how many units share an allocation, by CPUs per group.

    The most that wastes at most a third of the CPUs' units and needs no more allocations
    than fewer units would.
    """
    most = alloc // least
    while not _fits(alloc, most, page_size):
        most -= 1
    best, fewest = most, None
    for upa in (upa for upa in range(most, 0, -1) if _fits(alloc, upa, page_size)):
        allocs = sum(-(-count // upa) for count in counts)
        if allocs * upa - sum(counts) > sum(counts) // 3:
            continue
        if fewest is not None and allocs > fewest:
            break
        fewest, best = allocs, upa
    return best


def build_alloc_info(request: Request, groups: Sequence[Sequence[int]]) -> AllocInfo:
    """Return the layout for CPUs in these groups (mm/percpu.c:pcpu_build_alloc_info)."""
    dyn, least, alloc = unit_sizes(request)
    upa = best_units_per_alloc(alloc, least, [len(g) for g in groups], request.page_size)
    maps = tuple(
        tuple(group) + (EMPTY_UNIT,) * (_align(len(group), upa) - len(group)) for group in groups
    )
    return AllocInfo(request.static, request.reserved, dyn, alloc // upa, alloc, request.atom, maps)


def page_alloc_info(request: Request, cpus: Sequence[int]) -> AllocInfo:
    """Return the layout of percpu_alloc=page: one group, page by page.

    mm/percpu.c:pcpu_page_first_chunk.
    """
    by_page = Request(
        request.static, request.reserved, request.dyn, request.page_size, request.page_size
    )
    return build_alloc_info(by_page, [list(cpus)])


def fixed_unit_info(
    static: int, reserved: int, unit: int, page_size: int, groups: Sequence[Sequence[int]]
) -> AllocInfo:
    """Return ia64's layout: units of a fixed size, the rest of each dynamic.

    arch/ia64/mm/contig.c and discontig.c:setup_per_cpu_areas, until v6.6.
    """
    maps = tuple(tuple(group) for group in groups)
    dyn = unit - static - reserved
    return AllocInfo(static, reserved, dyn, unit, unit, page_size, maps)


def single_unit_info(dyn_reserve: int) -> AllocInfo:
    """Return the layout of a kernel without SMP: one unit, all of it dynamic.

    mm/percpu.c:setup_per_cpu_areas of !CONFIG_SMP.
    """
    least = max(PCPU_MIN_UNIT_SIZE, dyn_reserve)
    unit = 1 << (least - 1).bit_length()
    return AllocInfo(0, 0, unit, unit, unit, unit, ((0,),))


def freed_back(info: AllocInfo) -> list[list[tuple[int, int]]]:
    """Return, for each group, the (offset, size) freed after embedding, in the kernel's order.

    Of each unit the part beyond its size goes back, and a unit without a CPU goes back whole.
    """
    used = info.size_sum
    found = []
    for group in info.groups:
        parts = []
        for unit, cpu in enumerate(group):
            start = unit * info.unit
            if cpu is EMPTY_UNIT:
                parts.append((start, info.unit))
            else:
                parts.append((start + used, info.unit - used))
        found.append(parts)
    return found


def max_distance(bases: Sequence[int], info: AllocInfo) -> int:
    """Return the span from the lowest group to the end of the highest.

    Embedding gives up where it exceeds three quarters of the vmalloc area.
    """
    highest = max(range(len(bases)), key=lambda group: bases[group])
    return bases[highest] - min(bases) + info.unit * len(info.groups[highest])
