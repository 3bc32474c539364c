"""One changed fact in a healthy log is found at its line, and nothing else is reported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.boots import boot_folders
from tests.faults import Injected, injections
from tracekit.boot import load
from tracekit.replay.boot import replay

NEAR = 3
SEED = 20261122


def logs() -> list[Path]:
    """Return the logs with memblock calls, in order."""
    return [
        folder / "dmesg.log"
        for folder in boot_folders()
        if "memblock_" in (folder / "dmesg.log").read_text(errors="replace")
    ]


def verdict(injected: Injected, path: Path) -> str:
    path.write_text("\n".join(injected.lines))
    loud = [divergence.line.line for divergence in replay(load(path)).loud]
    near = [line for line in loud if abs(line - injected.line) <= NEAR]
    if near:
        return "found" if len(loud) == 1 else "found, with others"
    return "elsewhere" if loud else "missed"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str]]:
    path = tmp_path_factory.mktemp("faults") / "dmesg.log"
    counts: Counter[tuple[str, str]] = Counter()
    for log in logs():
        for injected in injections(log.read_text(errors="replace"), SEED):
            counts[injected.kind, verdict(injected, path)] += 1
    return counts


@pytest.mark.parametrize(
    "kind", ["moved", "grown", "lost reserve", "lost free", "dump row", "e820"]
)
def test_every_kind_of_fault_is_found(verdicts: Counter[tuple[str, str]], kind: str) -> None:
    of_kind = {what: count for (name, what), count in verdicts.items() if name == kind}
    total = sum(of_kind.values())
    assert total, f"no log offers a place for the fault {kind}"
    assert of_kind.get("found", 0) >= 0.9 * total, of_kind


def test_faults_are_found_once_at_their_line(verdicts: Counter[tuple[str, str]]) -> None:
    found = sum(count for (_, what), count in verdicts.items() if what == "found")
    assert found >= 0.97 * verdicts.total(), verdicts
