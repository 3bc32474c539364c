"""A trace as people have it: whatever it came through, the same events, and nothing lost unsaid."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.boots import SAMPLES
from tests.cli.running import run

SAMPLE = SAMPLES / "x86_72_256M_1cpu" / "trace.txt.xz"
LINES = 400
HEADER = 12
EVENT = re.compile(rb" *(.*)-(\d+) +\[(\d+)\] (\S{5}) +(\d+)\.(\d{6}): (\w+): (.*)")
CHAIN = (
    b"        ffffffff812c3a10 kmem_cache_alloc+0x150 ([kernel.kallsyms])\n"
    b"            7f0e8c2b1d3a __libc_start_main+0xea (/lib/x86_64-linux-gnu/libc-2.31.so)\n\n"
)
MESSAGE = b"[    1.234567] usb 1-1: new high-speed USB device number %d\n"


@cache
def lines() -> tuple[bytes, ...]:
    """Return the beginning of a sample's trace, its header cut down to what follows."""
    text = lzma.decompress(SAMPLE.read_bytes()).split(b"\n")[:LINES]
    events = sum(1 for line in text if EVENT.match(line))
    return tuple(re.sub(rb"\d+/\d+ ", b"%d/%d " % (events, events), line) for line in text)


def plain(end: bytes = b"\n") -> bytes:
    return b"".join(line + end for line in lines())


def rewritten(shape: bytes) -> bytes:
    """Write each event in another shape: comm, pid, cpu, flags, seconds, fraction, name, rest."""
    found = filter(None, map(EVENT.match, lines()))
    return b"".join(shape % match.groups() for match in found)


def numbered(first: int, step: int) -> bytes:
    """Give each event a time stamp without a point, as clocks that count do."""
    return b"".join(
        re.sub(rb" \d+\.\d{6}: ", b" %d: " % (first + step * place), line) + b"\n"
        for place, line in enumerate(lines())
    )


def mixed() -> bytes:
    """Put a line of the kernel log behind every tenth, as a console shows both."""
    return b"".join(
        line + b"\n" + (MESSAGE % place if place % 10 == 9 else b"")
        for place, line in enumerate(lines())
    )


TRANSPORTS: dict[str, Callable[[], bytes]] = {
    "serial line": lambda: plain(b"\r\n"),
    "serial line twice": lambda: plain(b"\r\r\n"),
    "colours": lambda: b"".join(b"\x1b[0;32m" + line + b"\x1b[0m\r\n" for line in lines()),
    "terminal": lambda: b"# cat trace\r\n\x1b[?2004l\r" + plain(b"\r\n") + b"\x1b[?2004h# exit\n",
    "editor's mark": lambda: b"\xef\xbb\xbf" + plain(),
    "UTF-16": lambda: plain().decode().encode("utf-16"),
    "quoted": lambda: b"".join(b"> " + line + b"\n" for line in lines()),
    "holes": lambda: plain()[:9000] + bytes(5000) + plain()[9000:],
    "trace_pipe": lambda: b"".join(x + b"\n" for x in lines() if not x.startswith(b"#")),
    "dmesg between": mixed,
    "gzip": lambda: gzip.compress(plain()),
    "bzip2": lambda: bz2.compress(plain()),
    "xz": lambda: lzma.compress(plain()),
    "zstd": lambda: zstandard.ZstdCompressor().compress(plain()),
    "no flags": lambda: re.sub(rb"\] \S{5} +", b"] ", plain()),
    "tgid": lambda: re.sub(rb"-(\d+) +\[", rb"-\1     (-------) [", plain()),
    "counter clock": lambda: numbered(1, 1),
    "x86-tsc clock": lambda: numbered(10**15, 2400),
    "nanoseconds": lambda: re.sub(rb"(\.\d{6}): ", rb"\g<1>123: ", plain()),
    "latency-format": lambda: rewritten(b"%.8s-%-7s %.0s0%s %s%sus : %s: %s\n"),
    "perf script": lambda: rewritten(b"%16s %5s [%s] %.0s%5s.%s:       kmem:%s: %s\n"),
    "perf with chains": lambda: rewritten(b"%16s %5s [%s] %.0s%s.%s: kmem:%s: %s\n" + CHAIN),
    "trace-cmd": lambda: b"cpus=1\n" + rewritten(b"%16s-%-5s [%s] %s %s.%s: %s:   %s\n"),
}


def stat(path: Path, data: bytes) -> dict[str, Any]:
    """Return what ``tracekit stat`` says of the trace; it must account for every line."""
    path.write_bytes(data)
    done = run("stat", "--format", "json", path)
    assert done.exit_code == 0, done.output
    trace: dict[str, Any] = json.loads(done.stdout)["trace"]
    read = trace["events"] + trace["markers"] + sum(trace["unknown"].values())
    assert read + trace["other"] + trace["unparsed"] == trace["lines"]
    return trace


@pytest.mark.parametrize("name", TRANSPORTS)
def test_every_event_is_read_through_any_transport(name: str, tmp_path: Path) -> None:
    expected = stat(tmp_path / "plain", plain())
    assert expected["unparsed"] == 0
    found = stat(tmp_path / "trace", TRANSPORTS[name]())
    assert found["by_event"] == expected["by_event"]
    assert found["complete"] == expected["complete"]


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    expected = stat(tmp_path / "plain", plain())
    done = run("stat", "--format", "json", "-", stdin=plain())
    assert json.loads(done.stdout)["trace"]["by_event"] == expected["by_event"]


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_are_wrong_are_never_passed_over(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    data = bytearray(plain())
    for _ in range(rng.randint(1, 40)):
        at = rng.randrange(2000, len(data))
        data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3)).replace(b"\n", b"")
    found = stat(tmp_path / "trace", bytes(data))
    read = found["events"] + sum(found["unknown"].values())
    assert found["complete"] is (read == LINES - HEADER)


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_that_is_cut_says_so(seed: int, tmp_path: Path) -> None:
    data = plain()
    found = stat(tmp_path / "trace", data[: random.Random(seed).randrange(2000, len(data) - 1)])
    assert not found["complete"]
    assert not found["gaps"][-1]["usual"]
