from __future__ import annotations

from pathlib import Path

import pytest

import tracekit
from tests.replay.memblock_text import HEAD
from tracekit.replay.boot import replay
from tracekit.replay.complaints.place import Places

ZONES = """\
Zone ranges:
  DMA      [mem 0x0000000000001000-0x0000000000ffffff]
  Normal   empty
"""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            0x200000,
            "reserved by before memblock=debug was parsed [0x200000-0x3fffff]: nobody else may "
            "free it; zone DMA",
        ),
        (0x100000, "RAM that nobody reserved; zone DMA"),
        (0x2000, "the e820 map calls it usable (line 2); zone DMA"),
        (0x8000000, "outside all RAM that the log gives memblock: a hole"),
    ],
)
def test_what_lies_at_an_address(tmp_path: Path, address: int, words: str) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(HEAD + ZONES)
    assert Places(replay(tracekit.load(path)).context).at(address) == words


def test_a_log_without_maps_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text("Linux version 6.1.0 (x@y) #1 SMP\n")
    assert Places(replay(tracekit.load(path)).context).at(0x1000) == ""


def test_a_cluster_of_the_console_is_not_the_kernels(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.log"
    path.write_text(
        "Linux version 5.7.0 (x@y) #1\nmemcluster 0, usage 1, start        0, end     1984\n"
    )
    places = Places(replay(tracekit.load(path)).context)
    assert "memcluster 0 of usage 1 (line 2): it is not the kernel's" in places.at(0x2000)
