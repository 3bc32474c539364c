"""tracekit stat --page and --phases on a boot whose dmesg is given too."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.boots import boot
from tests.cli.running import run

BOOT = boot("x86_61_256M_1cpu")


def test_page_adds_the_simulation_and_draws_it(tmp_path: Path) -> None:
    picture = tmp_path / "zones.svg"
    result = run("stat", "--page", "--svg", picture, BOOT)
    assert result.exit_code == 0
    assert "SUMMARY (page allocator)" in result.stdout
    assert "Free pages of node 0 zone DMA32" in result.stdout
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")


def test_json_has_the_simulation_only_where_it_was_asked_for() -> None:
    asked = json.loads(run("stat", "--page", "--format", "json", BOOT).stdout)
    assert [zone["zone"] for zone in asked["simulation"]["zones"]] == ["DMA", "DMA32"]
    plain = json.loads(run("stat", "--slab", "--format", "json", BOOT).stdout)
    assert plain["simulation"] is None
    assert asked["simulated_slab"] is asked["simulated_percpu"] is plain["simulated_percpu"] is None
    dentries = next(c for c in plain["simulated_slab"] if c["name"] == "dentry")
    assert dentries["size"] == 192
    assert 0 < dentries["live"] <= dentries["objects"] == 21 * dentries["slabs"]


def test_slab_and_percpu_add_what_caches_and_chunks_hold() -> None:
    text = run("stat", "--slab", "--percpu", BOOT).stdout
    assert "SIMULATION (slab allocator" in text
    assert "bytes of slabs that lines show" in text
    assert "SIMULATION (percpu allocator" in text
    alone = run("stat", "--slab", BOOT / "trace.txt.xz").stdout
    assert "No simulation of the slab allocator: the page size is unknown" in alone


def test_a_trace_alone_says_what_the_simulation_lacks() -> None:
    result = run("stat", "--page", BOOT / "trace.txt.xz")
    assert result.exit_code == 0
    assert "No simulation of the page allocator: no dmesg" in result.stdout


def test_phases_tell_the_boot_in_text_and_json() -> None:
    text = run("stat", "--phases", BOOT).stdout
    assert text.index("hand-off") < text.index("first event") < text.index("userland")
    found = json.loads(run("stat", "--phases", "--format", "json", BOOT).stdout)
    assert found["schema"] == "tracekit.phases/1"
    assert found["phases"][-1]["name"] == "end of the trace"


def test_phases_of_something_without_any_are_trouble(tmp_path: Path) -> None:
    lonely = tmp_path / "dmesg.log"
    lonely.write_text("[    0.000000] Linux version 6.1.0 (a@b) #1 SMP\n")
    result = run("stat", "--phases", lonely)
    assert result.exit_code == 2
    assert "no phase of a boot is shown" in result.stderr


def test_phases_have_no_csv() -> None:
    result = run("stat", "--phases", "--format", "csv", BOOT)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "use --format json" in result.stderr
