from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests import boots
from tests.replay.map_boots import boot_of
from tracekit.divergence import Severity, catalogue, lookup
from tracekit.replay.boot import replay
from tracekit.replay.maps.driver import map_findings

ZONES = """\
Zone ranges:
  DMA      [mem 0x0000000080000000-0x00000000bfffffff]
  DMA32    [mem 0x00000000c0000000-0x00000000ffffffff]
"""


def test_findings_join_memblocks_ledger_once(tmp_path: Path) -> None:
    boot = boot_of(tmp_path, "cma: Reserved 1024 MiB at 0xa0000000\n" + ZONES)
    result = replay(boot)
    assert [(d.code, d.allocator) for d in result.loud] == [("MP203", "memblock")]
    ledger = result.context.ledger("memblock")
    for finding in map_findings(boot):
        finding.enter(ledger)
    assert len([d for d in ledger.divergences if d.code == "MP203"]) == 1


@pytest.mark.parametrize("folder", boots.boot_folders(), ids=lambda folder: folder.name)
def test_captured_boots_are_healthy(folder: Path) -> None:
    loud = [
        finding
        for finding in map_findings(tracekit.load(folder / "dmesg.log"))
        if (finding.severity or lookup(finding.code).severity) is not Severity.NOTE
    ]
    assert loud == []


def test_every_code_of_the_map_is_explained() -> None:
    codes = [code for code, entry in catalogue().items() if entry.allocator == "maps"]
    assert len(codes) >= 20
    assert all(lookup(code).next_step.endswith(".") for code in codes)
