"""The memory map's own contradictions, which need no simulated allocator to be seen.

Firmware, boot loader and command line each say what is where. What they say against one
another, and against what the kernel then did, is entered into memblock's ledger: the map is
where memblock's state begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracekit.boot import Boot
from tracekit.replay.context import Context
from tracekit.replay.maps.carveouts import carveout_findings
from tracekit.replay.maps.e820 import e820_findings
from tracekit.replay.maps.finding import Finding
from tracekit.replay.maps.firmware import firmware_findings
from tracekit.replay.maps.nodes import node_findings


def run(context: Context) -> None:
    """Enter every contradiction of the map into memblock's ledger."""
    findings = list(map_findings(context.boot))
    if findings:
        ledger = context.ledger("memblock")
        for finding in findings:
            finding.enter(ledger)


def map_findings(boot: Boot) -> Iterator[Finding]:
    """Yield what the lines about memory say against one another, in no special order."""
    yield from e820_findings(boot)
    yield from carveout_findings(boot)
    yield from node_findings(boot)
    yield from firmware_findings(boot)
