"""Byte sources: compression by content, damage, reopening."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tracekit.capture import streams
from tracekit.capture.errors import CaptureError, DamagedStreamError
from tracekit.capture.streams import Source, file_source, spool

DATA = os.urandom(3000) * 40 + b"memblock_reserve\n" * 9000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zstd": zstandard.compress,
    "two gzip members": lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
    "two zstd frames": lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]),
    "xz within gzip": lambda data: gzip.compress(lzma.compress(data)),
}


def held(data: bytes) -> Source:
    return Source("x", lambda: io.BytesIO(data))


@pytest.mark.parametrize("name", PACKERS)
def test_unpacks_by_content_and_again(name: str) -> None:
    source = held(PACKERS[name](DATA))
    for _ in range(2):
        chunks = list(source.chunks(5000))
        assert b"".join(chunks) == DATA
        assert max(map(len, chunks)) <= 5000
    assert source.head(1234) == DATA[:1234]


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "plain"])
def test_cut_archive_gives_its_good_bytes_and_then_says_so(name: str) -> None:
    chunks = held(PACKERS[name](DATA)[:-30]).chunks(4096)
    got: list[bytes] = []
    with pytest.raises(DamagedStreamError, match="cut short or broken"):
        got.extend(chunks)
    assert DATA.startswith(b"".join(got))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
def test_cut_archive_gives_most_of_its_bytes(pack: Callable[[bytes], bytes]) -> None:
    chunks = held(pack(os.urandom(600_000))[:-100]).chunks()
    got: list[bytes] = []
    with pytest.raises(DamagedStreamError):
        got.extend(chunks)
    assert sum(map(len, got)) > 300_000


def test_garbage_behind_a_magic_number_is_damage() -> None:
    for magic in (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd"):
        with pytest.raises(DamagedStreamError):
            list(held(magic + b"nothing of the kind at all").chunks())


@pytest.mark.parametrize(
    ("magic", "tool"), [(b"\x04\x22\x4d\x18", "lz4 -d"), (b"PK\x03\x04", "unzip")]
)
def test_other_compression_names_the_tool_to_use(magic: bytes, tool: str) -> None:
    with pytest.raises(CaptureError, match=tool):
        held(magic + bytes(50)).head(10)


def test_missing_zstandard_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(CaptureError, match="pip install zstandard"):
        held(zstandard.compress(b"log")).head(10)


def test_file_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"no such file or directory\. Check the path"):
        file_source(tmp_path / "nowhere")
    with pytest.raises(CaptureError, match="cannot be read: is a directory"):
        file_source(tmp_path).head(1)


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dmesg"
    path.write_text("x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(streams.io, "FileIO", refuse)
    with pytest.raises(CaptureError, match=r"permission denied\. Read it as a user who may"):
        file_source(path).head(1)


def test_pipe_is_spooled_and_reopens(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = subprocess.Popen(
        [sys.executable, "-c", f"open({str(path)!r}, 'wb').write(b'abc' * 9)"]
    )
    source = file_source(path)
    assert writer.wait() == 0
    assert source.head(99) == source.head(99) == b"abc" * 9


def test_large_spool_keeps_a_position_for_each_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_SPOOL_IN_MEMORY", 1000)
    source = spool("-", io.BytesIO(DATA))
    first, second = source.chunks(700), source.chunks(900)
    heads = next(first), next(second)
    assert DATA.startswith(heads[0])
    assert heads[0] + b"".join(first) == heads[1] + b"".join(second) == DATA


def test_bomb_is_unpacked_in_bounded_pieces() -> None:
    for pack in (gzip.compress, lzma.compress, zstandard.compress):
        chunks = held(pack(bytes(40 << 20))).chunks(1 << 16)
        assert max(len(chunk) for chunk in chunks) <= 1 << 16
