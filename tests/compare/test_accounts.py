"""The kernel's own numbers of any two boots: their difference is made of parts that add up."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest

from tests.boots import SAMPLES
from tracekit.compare.change import Comparison
from tracekit.compare.compare import compare
from tracekit.compare.side import Side, open_side

PAIRS = 160
SEED = 8
MIB = 1 << 20


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Side]:
    """The sample boots by name, replayed from dmesg and proc/ alone: traces take long."""
    root = tmp_path_factory.mktemp("light")
    return {log.parent.name: light(log.parent, root) for log in SAMPLES.glob("*/dmesg.log")}


def light(folder: Path, root: Path) -> Side:
    copy = root / folder.name
    copy.mkdir()
    for name in ("dmesg.log", "proc"):
        if (folder / name).exists():
            (copy / name).symlink_to(folder / name)
    return open_side(str(copy))


@pytest.fixture(scope="module")
def comparisons(sides: dict[str, Side]) -> list[Comparison]:
    pairs = sorted(combinations(sorted(sides), 2))
    chosen = random.Random(SEED).sample(pairs, min(PAIRS, len(pairs)))
    return [compare(sides[a], sides[b]) for a, b in chosen]


def test_every_difference_is_explained_or_its_remainder_named(
    comparisons: list[Comparison],
) -> None:
    assert len(comparisons) >= 150
    for found in comparisons:
        assert found.accounts, f"{found.before} {found.after}"
        for account in found.accounts:
            assert account.delta == account.explained + account.remainder
            assert account.explained == sum(size for _, size in account.parts)
            assert account.remainder == 0 or account.remainder_name


def test_ram_and_what_is_free_are_explained_to_the_byte(comparisons: list[Comparison]) -> None:
    for found in comparisons:
        exact = [a for a in found.accounts if a.name in ("RAM", "free at the hand-off")]
        assert [a.remainder for a in exact] == [0] * len(exact), f"{found.before} {found.after}"


def test_the_total_of_the_memory_line_is_explained_to_the_byte(
    comparisons: list[Comparison],
) -> None:
    """Whatever the kernel counts there: holes, parts of pages, only what is free."""
    for found in comparisons:
        left = [a.remainder for a in found.accounts if a.name == "Memory: total"]
        assert left == [0] * len(left), f"{found.before} {found.after}"


def test_changes_of_memory_add_up_to_what_is_free(comparisons: list[Comparison]) -> None:
    for found in comparisons:
        by_name = {account.name: account.delta for account in found.accounts}
        held = sum(change.delta for change in found.changes if change.area == "memblock")
        free = sum(change.delta for change in found.changes if change.area == "free")
        assert free == by_name["free at the hand-off"]
        assert held + free == by_name["RAM"]


def test_mem_total_is_explained_to_the_byte(comparisons: list[Comparison]) -> None:
    left = [
        (found.before, found.after, account.remainder)
        for found in comparisons
        for account in found.accounts
        if account.name == "MemTotal" and account.remainder
    ]
    # 2.6.32 gives SMP code and more back without a line; everything else is exact.
    assert [pair for pair in left if not any("2.6.32" in name for name in pair[:2])] == []


def test_the_memory_lines_are_explained_but_for_what_the_kernel_took(
    comparisons: list[Comparison],
) -> None:
    """Between the hand-off and a late Memory: line a kernel takes a few MiB for itself."""
    for found in comparisons:
        for account in found.accounts:
            if account.name == "Memory: available":
                limit = 12 * MIB if "or struct pages" not in account.remainder_name else 1 << 40
                assert abs(account.remainder) < limit, f"{found.before} {found.after}"


def test_a_late_memory_line_names_the_ring_buffers(sides: dict[str, Side]) -> None:
    found = compare(sides["x86_61_256M_1cpu"], sides["x86_72_256M_1cpu"])
    line = next(account for account in found.accounts if account.name == "Memory: available")
    parts = dict(line.parts)
    # 24 MiB in pages of 4,080 bytes, and the reader's page
    assert parts["trace ring buffers, taken before the line"] == -(6169 + 1) * 4096
