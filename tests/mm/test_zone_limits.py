"""Zone limits by architecture, as captured boots and public logs show them."""

from __future__ import annotations

import pytest

from tracekit.mm.zone_limits import GIB, MIB, MemoryEnds, zone_limits

X86 = ("DMA", "DMA32", "Normal")


def test_x86_64_is_cut_at_the_end_of_ram_since_v4_0() -> None:
    ends = MemoryEnds(0x1000, 0x1FFE0000)
    capped = zone_limits("x86_64", X86, ends, capped=True)
    assert capped.end == {"DMA": 16 * MIB, "DMA32": 0x1FFE0000, "Normal": 0x1FFE0000}
    assert capped.fixed == {"DMA", "DMA32"}
    assert zone_limits("x86_64", X86, ends, capped=False).end["DMA32"] == 4 * GIB


def test_i386_has_highmem_above_the_linear_map() -> None:
    ends = MemoryEnds(0x1000, 0x7FFE0000, low_end=0x36FFE000)
    found = zone_limits("i386", ("DMA", "Normal", "HighMem"), ends, capped=True)
    assert found.end == {"DMA": 16 * MIB, "Normal": 0x36FFE000, "HighMem": 0x7FFE0000}


@pytest.mark.parametrize(
    ("arch", "zones", "ends", "expected"),
    [
        ("arm64", X86, MemoryEnds(GIB, 9 * GIB), (4 * GIB, 4 * GIB, 9 * GIB)),
        ("arm64", X86, MemoryEnds(32 * GIB, 47 * GIB), (47 * GIB, 47 * GIB, 47 * GIB)),
        ("s390x", ("DMA", "Normal"), MemoryEnds(0, GIB // 2), (2 * GIB, GIB // 2)),
        ("mips64", X86, MemoryEnds(0, 256 * MIB), (16 * MIB, 4 * GIB, 256 * MIB)),
        ("loongarch64", ("DMA32", "Normal"), MemoryEnds(0, 3 * GIB), (4 * GIB, 3 * GIB)),
        ("riscv64", ("DMA32", "Normal"), MemoryEnds(2 * GIB, 5 * GIB), (4 * GIB, 5 * GIB)),
        ("parisc64", ("Normal",), MemoryEnds(0, GIB), (GIB << 12,)),
        ("arm", ("DMA", "Normal", "HighMem"), MemoryEnds(GIB, 3 * GIB, 1792 * MIB),
         (1792 * MIB, 1792 * MIB, 3 * GIB)),
    ],
)  # fmt: skip
def test_other_architectures(
    arch: str, zones: tuple[str, ...], ends: MemoryEnds, expected: tuple[int, ...]
) -> None:
    assert tuple(zone_limits(arch, zones, ends, capped=True).end.values()) == expected
