"""The budget's four formats."""

from __future__ import annotations

import csv
import io
import json

from click import unstyle

from tests.replay.budget.test_tree import small
from tracekit.replay.budget.tree import Item
from tracekit.report.budget_text import human, render_csv, render_json, render_markdown, render_text


def test_sizes_for_people() -> None:
    assert [human(n) for n in (5, 2048, 3 << 20, -(1 << 30))] == [
        "5 B", "2.0 KiB", "3.0 MiB", "-1.0 GiB",
    ]  # fmt: skip


def test_the_table_ends_with_the_comparison() -> None:
    lines = unstyle(render_text(small(), None, None)).splitlines()
    assert lines[1].split() == ["1,000", "1000", "B", "100.0%", "RAM"]
    assert "the lines add up to 1,000 bytes" in lines
    assert "free at the hand-off differs from the kernel's count by -6" in lines


def test_a_cut_list_still_adds_up() -> None:
    budget = small()
    for size in range(5):
        budget.root.below[0].add(Item(f"small {size}", size, "other", "other"))
    value = json.loads(render_json(budget, None, 2))
    below = value["tree"]["below"][0]["below"]
    assert [item["name"] for item in below] == ["a", "b", "5 more"]
    assert sum(item["bytes"] for item in below) == value["tree"]["below"][0]["bytes"]


def test_csv_has_the_tree_s_depth() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(small(), None, None))))
    assert [(row["depth"], row["name"], row["bytes"]) for row in rows][:2] == [
        ("0", "RAM", "1000"), ("1", "reserved", "150"),
    ]  # fmt: skip
    grouped = list(csv.DictReader(io.StringIO(render_csv(small(), "kind", None))))
    assert sum(int(row["bytes"]) for row in grouped) == 1000


def test_json_and_markdown() -> None:
    value = json.loads(render_json(small(), "node", None))
    assert value["schema"] == "tracekit.budget/1"
    assert [item["bytes"] for item in value["by_node"]] == [950, 50]
    assert "| 1,000 | 1000 B | 100.0% | RAM |  |" in render_markdown(small(), None, None)
