from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.compare.change import Change
from tracekit.compare.objects import GONE, cache_changes, call_changes, call_site, shape_changes
from tracekit.compare.side import open_side

LOG = "[    0.000000] Linux version {} (builder@host) #1 SMP\n"
HEAD = "slabinfo - version: 2.1\n# name <active_objs> ...\n"
ROW = "{:20} {} 64 64 64 1 : tunables 0 0 0 : slabdata 1 {} 0\n"
EVENT = "  swapper-0  [000] .....  0.{:06}: {}\n"
ALLOC = (
    "kmalloc: call_site={} ptr={:#x} bytes_req=60 bytes_alloc=64 gfp_flags=GFP_KERNEL "
    "node=-1 accounted=false"
)


def boot(folder: Path, release: str, caches: dict[str, tuple[int, int]], sites: list[str]) -> str:
    """Write a boot: caches as name -> (active objects, slabs), and a call site per allocation."""
    (folder / "proc").mkdir(parents=True)
    (folder / "dmesg.log").write_text(LOG.format(release))
    rows = (ROW.format(name, *counts) for name, counts in caches.items())
    (folder / "proc/slabinfo").write_text(HEAD + "".join(rows))
    events = [ALLOC.format(site, 0x1000 + 64 * i) for i, site in enumerate(sites)]
    events.append("kfree: call_site=f+0x1/0x9 ptr=0x1000")
    text = "".join(EVENT.format(i, event) for i, event in enumerate(events))
    (folder / "trace.txt").write_text("# tracer: nop\n#\n" + text)
    return str(folder)


def calls(tmp_path: Path, releases: tuple[str, str]) -> list[Change]:
    one = boot(tmp_path / "a", releases[0], {}, ["f+0x1/0x9", "g+0x5/0x9"])
    two = boot(tmp_path / "b", releases[1], {}, ["f+0x2/0x9", "g+0x5/0x9", "g+0x5/0x9"])
    return list(call_changes(open_side(one), open_side(two)))


def test_caches_differ_by_the_bytes_of_their_slabs(tmp_path: Path) -> None:
    one = open_side(boot(tmp_path / "a", "6.1.0", {"x": (3, 1), "same": (1, 1)}, []))
    two = open_side(boot(tmp_path / "b", "6.1.0", {"x": (70, 2), "same": (1, 1)}, []))
    (change,) = cache_changes(one, two)
    assert (change.subject, change.before, change.after) == ("x", 4096, 8192)
    assert change.note == "active objects 3 -> 70"


def test_what_a_cache_holds_is_state_and_its_shape_is_not(tmp_path: Path) -> None:
    one = boot(tmp_path / "a", "6.1.0", {"x": (3, 1), "old": (1, 1)}, [])
    two = Path(boot(tmp_path / "b", "6.1.0", {"x": (70, 2)}, []))
    rows = two / "proc/slabinfo"
    rows.write_text(rows.read_text() + "y 1 32 128 32 1 : tunables 0 0 0 : slabdata 1 1 0\n")
    sides = open_side(one), open_side(str(two))
    assert {change.state for change in cache_changes(*sides)} == {True}
    shapes = {c.subject: (c.before, c.after, c.state) for c in shape_changes(*sides)}
    assert shapes == {
        "old": ("64 bytes, 64 in 1 pages", None, False),
        "y": (None, "128 bytes, 32 in 1 pages", False),
    }


def test_a_cache_of_another_object_size_has_another_shape(tmp_path: Path) -> None:
    one = boot(tmp_path / "a", "6.1.0", {"x": (3, 1)}, [])
    two = Path(boot(tmp_path / "b", "6.1.0", {"x": (3, 1)}, []))
    rows = two / "proc/slabinfo"
    rows.write_text(rows.read_text().replace(" 64 64 1 :", " 72 56 1 :"))
    (change,) = shape_changes(open_side(one), open_side(str(two)))
    assert (change.before, change.after) == ("64 bytes, 64 in 1 pages", "72 bytes, 56 in 1 pages")


def test_the_random_copies_of_a_kmalloc_cache_are_one(tmp_path: Path) -> None:
    one = boot(tmp_path / "a", "6.8.0", {"kmalloc-rnd-01-64": (5, 1)}, [])
    two = boot(tmp_path / "b", "6.8.0", {"kmalloc-rnd-14-64": (5, 1)}, [])
    assert list(cache_changes(open_side(one), open_side(two))) == []


def test_one_build_keeps_the_offset_of_a_call_site(tmp_path: Path) -> None:
    found = {change.subject for change in calls(tmp_path, ("6.1.0", "6.1.0"))}
    assert found == {"f+0x1/0x9", "f+0x2/0x9", "g+0x5/0x9"}


def test_two_builds_compare_functions_by_what_lives_at_the_end(tmp_path: Path) -> None:
    found = {change.subject: change for change in calls(tmp_path, ("6.1.0", "6.2.0"))}
    assert set(found) == {"g"}
    assert (found["g"].before, found["g"].after) == (64, 128)
    assert found["g"].note == "allocations 1 -> 2"


@pytest.mark.parametrize(
    ("name", "whole", "wanted"),
    [
        ("f+0x1/0x9", False, "f"),
        ("f.part.0+0x1/0x9", False, "f"),
        ("f+0x1/0x9 [mod]", False, "f [mod]"),
        ("f+0x1/0x9", True, "f+0x1/0x9"),
        ("0xffffffffc0219cb0", True, GONE),
        ("", False, GONE),
    ],
)
def test_call_sites_in_canonical_form(name: str, whole: bool, wanted: str) -> None:
    assert call_site(name, whole) == wanted
