"""Reservations by what they are for."""

from __future__ import annotations

import pytest

from tracekit.replay.budget.kinds import CMA, HASH, HUGE, MEMMAP, OTHER, PERCPU, kind_of


@pytest.mark.parametrize(
    ("caller", "kind"),
    [
        ("sparse_init_nid+0x8d/0x34d", MEMMAP),
        ("alloc_large_system_hash", HASH),
        ("pcpu_fc_alloc", PERCPU),
        ("cma_declare_contiguous_nid", CMA),
        ("alloc_bootmem", HUGE),
        ("alloc_bootmem_cpumask_var", OTHER),
        ("some_driver_init", OTHER),
    ],
)
def test_kinds(caller: str, kind: str) -> None:
    assert kind_of(caller) == kind
