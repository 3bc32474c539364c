from __future__ import annotations

import pytest

from tracekit.kernel.arch import ARCHES, facts, section_size
from tracekit.kernel.evidence import Evidence
from tracekit.kernel.kernel import Kernel


def test_every_architecture_is_known_by_its_name() -> None:
    assert all(name == arch.name for name, arch in ARCHES.items())
    assert facts("x86_64") is ARCHES["x86_64"]
    assert facts("vax") is facts(None) is None


@pytest.mark.parametrize("arch", ARCHES.values(), ids=lambda arch: arch.name)
def test_facts_hang_together(arch: object) -> None:
    from tracekit.kernel.arch import Arch

    assert isinstance(arch, Arch)
    assert arch.bits in (32, 64)
    assert arch.page_sizes
    assert all(size & (size - 1) == 0 for size in arch.page_sizes)
    assert ("HighMem" in arch.zones) <= arch.is_32bit
    assert ("DMA32" in arch.zones) <= (arch.bits == 64)
    assert (arch.section_size_bits is None) == (arch.max_physmem_bits is None)


@pytest.mark.parametrize(
    ("kernel", "size"),
    [
        (Kernel(arch="x86_64"), 1 << 27),
        (Kernel(arch="arm64", version=(6, 1, 0), page_size=4096), 1 << 27),
        (Kernel(arch="arm64", version=(6, 1, 0), page_size=65536), 1 << 29),
        (Kernel(arch="arm64", version=(5, 10, 0), page_size=4096), 1 << 30),
        (Kernel(arch="sparc32"), None),
        (Kernel(arch=None), None),
        (Kernel(arch="x86_64", evidence=Evidence(config={"CONFIG_FLATMEM": "y"})), None),
    ],
)
def test_sections(kernel: Kernel, size: int | None) -> None:
    assert section_size(kernel) == size
