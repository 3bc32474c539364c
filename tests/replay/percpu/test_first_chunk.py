"""The first chunk's lines: sizes from the static part, units from the CPUs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.replay.mm_init_text import PLAIN, changed, codes, played


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("cpu s217088 r8192", "cpu s217152 r8192", "PC201"),
        ("Embedded 62 pages", "Embedded 61 pages", "PC201"),
        ("d28672 u1048576\npcpu", "d28672 u2097152\npcpu", "PC201"),
        ("alloc=1*2097152", "alloc=2*2097152", "PC201"),
        ("pcpu-alloc: [0] 0 1", "pcpu-alloc: [0] 0 2", "PC202"),
    ],
)
def test_one_wrong_number_is_one_divergence(old: str, new: str, code: str, tmp_path: Path) -> None:
    text, line = changed(old, new)
    assert codes(played(text, tmp_path)) == [(code, line)]


def test_a_build_that_only_its_sizes_betray_is_inferred_once(tmp_path: Path) -> None:
    text = PLAIN.replace("r8192 d28672", "r8192 d114688").replace("Embedded 62", "Embedded 83")
    found = played(text, tmp_path)
    assert codes(found) == []
    assert [i.subject for i in found.inferences] == [
        "the kernel was built with modules, with random kmalloc caches"
    ]
    checks = found.context.ledger("percpu").checks["first_chunk"]
    assert (checks.inferred, checks.matched) == (1, 2)


def test_pages_one_by_one(tmp_path: Path) -> None:
    text = PLAIN.replace(
        "percpu: Embedded 62 pages/cpu s217088 r8192 d28672 u1048576",
        "percpu: 58 4K pages/cpu s217088 r8192 d12288",
    ).replace(
        "pcpu-alloc: s217088 r8192 d28672 u1048576 alloc=1*2097152",
        "pcpu-alloc: s217088 r8192 d12288 u237568 alloc=58*4096",
    ).replace("pcpu-alloc: [0] 0 1", "pcpu-alloc: [0] 0 [0] 1")  # fmt: skip
    assert codes(played(text, tmp_path)) == []


def test_groups_that_the_srat_does_not_tell_are_inferred(tmp_path: Path) -> None:
    text = PLAIN.replace("u1048576", "u2097152").replace("[0] 0 1", "[0] 0 [1] 1")
    checks = played(text, tmp_path).context.ledger("percpu").checks["first_chunk"]
    assert (checks.inferred, checks.matched) == (1, 2)
    srat = "SRAT: PXM 0 -> APIC 0x00 -> Node 0\nSRAT: PXM 1 -> APIC 0x01 -> Node 1\nZone ranges:"
    told = played(text.replace("Zone ranges:", srat), tmp_path)
    assert told.context.ledger("percpu").checks["first_chunk"].matched == 3


def test_a_request_for_each_cpu_means_a_group_for_each(tmp_path: Path) -> None:
    asked = "".join(
        f"memblock_alloc_try_nid: 2097152 bytes align=0x200000 nid={nid} from=0x0000000001000000 "
        "max_addr=0x0000000000000000 pcpu_fc_alloc+0xf2/0x148\n"
        for nid in (0, 1)
    )
    text = PLAIN.replace("u1048576", "u2097152").replace("[0] 0 1", "[0] 0 [1] 1")
    found = played(text.replace("percpu: Embedded", asked + "percpu: Embedded"), tmp_path)
    assert found.context.ledger("percpu").checks["first_chunk"].matched == 3


def test_the_start_of_other_processors_tells_their_nodes(tmp_path: Path) -> None:
    text = PLAIN.replace("u1048576", "u2097152").replace("[0] 0 1", "[0] 0 [1] 1")
    started = played(text + ".... node  #1, CPUs:      #1\n", tmp_path)
    assert started.context.ledger("percpu").checks["first_chunk"].matched == 3
    elsewhere = played(text + ".... node  #0, CPUs:      #1\n", tmp_path)
    assert elsewhere.context.ledger("percpu").checks["first_chunk"].matched == 2


@pytest.mark.parametrize(("freed", "inferred"), [(0x3C000, 0), (0x3F000, 1)])
def test_what_was_given_back_bears_out_an_unusual_build(
    freed: int, inferred: int, tmp_path: Path
) -> None:
    frees = "".join(
        f"memblock_phys_free: [0x{start + freed:016x}-0x{start + 0xFFFFF:016x}] "
        "pcpu_embed_first_chunk+0x257/0x760\n"
        for start in (0x1F000000, 0x1F100000)
    )
    text = (
        PLAIN.replace("r8192 d28672", "r0 d28672")
        .replace("Embedded 62", "Embedded 60")
        .replace("percpu: Embedded", frees + "percpu: Embedded")
    )
    checks = played(text, tmp_path).context.ledger("percpu").checks["first_chunk"]
    assert (checks.inferred, checks.matched) == (inferred, 3 - inferred)


def test_the_fall_back_to_pages_is_noted_with_its_reason(tmp_path: Path) -> None:
    lines = (
        "percpu: max_distance=0x18000 too large for vmalloc space 0x10000\n"
        "PERCPU: auto allocator failed (-22), falling back to page size\n"
        "percpu: cpu 1 has no node 1 or node-local memory\n"
    )
    found = played(PLAIN.replace("percpu: Embedded", lines + "percpu: Embedded"), tmp_path)
    notes = {d.code: d for d in found.divergences if d.allocator == "percpu"}
    assert notes["PC203"].logged == "auto failed with EINVAL"
    assert "at most 0xc000 bytes apart" in notes["PC203"].simulated
    assert notes["PC204"].logged == "CPU 1: no memory on node 1"
    assert codes(found) == []
