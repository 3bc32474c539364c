"""The owners behind memblock's helpers: names that a log shows are hidden and must come back."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.boots import SAMPLES, boot
from tracekit.boot import load
from tracekit.compare.side import open_side
from tracekit.replay.boot import replay
from tracekit.replay.budget.callers import SEVERAL, is_helper, owners
from tracekit.replay.budget.tree import group
from tracekit.replay.memblock.log import Alloc
from tracekit.replay.memblock.regions import History

REQUEST = re.compile(r"(memblock_alloc_try_nid: .*max_addr=\S+ )(\w+)\+0x\S+")
HELPER = r"\1__memblock_alloc_or_panic+0x24/0x50"
# Functions that call memblock_alloc_or_panic() since v6.14, by the names that older logs show.
HIDDEN = {
    "acpi_parse_hpet",
    "io_apic_init_mappings",
    "e820__reserve_resources",
    "register_nosave_region",
    "sparse_init",
    "pcpu_setup_first_chunk",
    "pcpu_alloc_first_chunk",
    "alloc_bootmem_cpumask_var",
    "start_kernel",
    "early_init_dt_alloc_memory_arch",
    "setup_arch",
    "smp_setup_cpu_maps",
    "smp_detect_cpus",
    "stack_alloc_early",
    "early_alloc",
    "iotable_init",
    "numa_init",
}


def hide(text: str) -> tuple[str, dict[int, str]]:
    """Return the log with these callers behind the helper, and line -> caller."""
    lines, hidden = text.split("\n"), {}
    for index, line in enumerate(lines):
        match = REQUEST.search(line)
        if match and match[2] in HIDDEN:
            hidden[index + 1] = match[2]
            lines[index] = REQUEST.sub(HELPER, line)
    return "\n".join(lines), hidden


def told(log: Path) -> dict[int, str]:
    """Return the owners that are found, by the line of the request."""
    result = replay(load(log))
    history = result.context.take(History)
    if history is None:
        return {}
    found = owners(result.boot, history.steps)
    return {
        step.request.source.line: found[step.source.file, step.source.line]
        for step in history.steps
        if isinstance(step, Alloc) and step.request and step.result and is_helper(step.by)
    }


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    path = tmp_path_factory.mktemp("hidden") / "dmesg.log"
    counts: Counter[str] = Counter()
    for log in sorted(SAMPLES.glob("*/dmesg.log")):
        text, hidden = hide(log.read_text(errors="replace"))
        path.write_text(text)
        found = told(path) if hidden else {}
        for line, name in hidden.items():
            if line in found:
                owner = found[line]
                counts["open" if owner == SEVERAL else "right" if owner == name else "wrong"] += 1
    return counts


def test_no_owner_is_wrong(verdicts: Counter[str]) -> None:
    assert verdicts["wrong"] == 0
    assert verdicts.total() > 200


def test_most_owners_are_found(verdicts: Counter[str]) -> None:
    assert verdicts["right"] > 0.85 * verdicts.total(), verdicts


def test_nothing_large_stays_behind_the_helper_of_new_kernels() -> None:
    side = open_side(str(boot("x86_72_256M_1cpu") / "dmesg.log"))
    assert side.budget is not None
    callers = {item.name: item.bytes for item in group(side.budget, "caller")}
    assert callers.get(SEVERAL, 0) < 4096
    assert callers["sparse_init"] == 2 << 20


def test_printed_ranges_name_areas_and_node_data() -> None:
    side = open_side(str(boot("arm64-6.12-virt-numa2") / "dmesg.log"))
    assert side.budget is not None
    kinds = {item.name: item.bytes for item in group(side.budget, "kind")}
    assert kinds["CMA"] == 64 << 20
    assert kinds["node data"] > 0
    assert kinds["initrd"] > 0
