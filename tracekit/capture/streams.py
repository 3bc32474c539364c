"""Byte sources: files, standard input and archive members, opened again and decompressed.

Compression is told from the content, never from the name. Nothing here holds a whole file in
memory: what cannot be opened twice (a pipe) is spooled, large spools to a temporary file.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from typing import Any, BinaryIO, Protocol, cast

from tracekit.capture.errors import CaptureError, DamagedStreamError

CHUNK = 1 << 20
_SPOOL_IN_MEMORY = 16 << 20
_UNREADABLE = {
    b"\x04\x22\x4d\x18": ("lz4", "Unpack it with 'lz4 -d' first."),
    b"PK\x03\x04": ("zip", "Unpack it with 'unzip' first."),
    b"7z\xbc\xaf\x27\x1c": ("7-Zip", "Unpack it with '7z x' first."),
}
_LAYERS = 3
_ZSTD_PIECE = 1024
_XZ_PIECE = 1 << 17
_XZ_MAGIC = b"\xfd7zXZ\x00"


class Readable(Protocol):
    """What the standard library's decompressing files and buffered files have in common."""

    def peek(self, size: int, /) -> bytes: ...
    def read(self, size: int, /) -> bytes: ...
    def read1(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be opened again and again, and gives its bytes decompressed.

    ``name`` is what messages call it: the path as given, ``-``, or ``archive.tar!member``.
    """

    name: str
    opener: Callable[[], io.RawIOBase | io.BytesIO]

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces of at most ``size`` bytes.

        Raises CaptureError where it cannot be opened or its compression is not supported, and
        DamagedStreamError after the last good bytes of a broken or truncated archive.
        """
        with closing(self._open()) as raw:
            stream = raw
            for _ in range(_LAYERS):
                opened = _decompress(self.name, stream)
                if opened is None:
                    break
                stream = opened
            yield from _read(self.name, stream, size)

    def head(self, size: int) -> bytes:
        """Return the first ``size`` decompressed bytes, or all of them when there are fewer.

        Of a damaged archive what can be unpacked is returned; DamagedStreamError only where
        that is nothing at all.
        """
        parts: list[bytes] = []
        missing = size
        try:
            for chunk in self.chunks(min(size, CHUNK)):
                parts.append(chunk[:missing])
                missing -= len(chunk)
                if missing <= 0:
                    break
        except DamagedStreamError:
            if not parts:
                raise
        return b"".join(parts)

    def _open(self) -> Readable:
        try:
            return io.BufferedReader(self.opener())
        except OSError as error:
            raise unreadable(self.name, error) from error


def file_source(path: str | os.PathLike[str]) -> Source:
    """Return the source for a path; pipes and the like are spooled so that they reopen.

    Raises CaptureError where the file is missing or cannot be read.
    """
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISREG(mode):
            return Source(name, lambda: io.FileIO(name))
        with open(name, "rb") as stream:
            return spool(name, stream)
    except OSError as error:
        raise unreadable(name, error) from error


def stdin_source() -> Source:
    """Return standard input as a source named ``-``."""
    return spool("-", sys.stdin.buffer)


def spool(name: str, stream: BinaryIO) -> Source:
    """Return a source that holds a copy of the rest of ``stream``.

    Small copies stay in memory, large ones go to an unnamed temporary file.
    """
    held = stream.read(_SPOOL_IN_MEMORY)
    rest = stream.read(CHUNK)
    if not rest:
        return Source(name, lambda: io.BytesIO(held))
    import tempfile

    # the file lives as long as the source: each reader keeps its own position in it
    spooled = tempfile.TemporaryFile()  # noqa: SIM115
    spooled.write(held)
    while rest:
        spooled.write(rest)
        rest = stream.read(CHUNK)
    spooled.flush()
    return Source(name, lambda: _Positional(spooled))


def unreadable(name: str, error: OSError) -> CaptureError:
    """Return the CaptureError that tells a person why the system would not open ``name``."""
    reason = (error.strerror or str(error)).lower()
    hints = {
        FileNotFoundError: "Check the path.",
        PermissionError: "Read it as a user who may, or copy it first.",
    }
    return CaptureError(name, f"cannot be read: {reason}.", hints.get(type(error), ""))


class _Positional(io.RawIOBase):
    """A reader of a shared temporary file that keeps its own position."""

    def __init__(self, shared: BinaryIO) -> None:
        super().__init__()
        self._shared = shared
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = os.pread(self._shared.fileno(), len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class ChunkReader(io.RawIOBase):
    """A file object over an iterator of chunks, for readers that want one (tarfile)."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._held = chunk
        taken = self._held[: len(buffer)]
        self._held = self._held[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _read(name: str, stream: Readable, size: int) -> Iterator[bytes]:
    while True:
        with _told(name):
            # read1 hands on what is there before an error shows; read would lose it
            chunk = stream.read1(size)
        if not chunk:
            return
        yield chunk


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what reading and decompressing raise into a CaptureError."""
    try:
        yield
    except (EOFError, LZMAError, zlib.error) as error:
        raise _damaged(name, error) from error
    except OSError as error:
        # gzip and bz2 raise OSError without an errno for broken data
        raise (unreadable if error.errno else _damaged)(name, error) from error


def _damaged(name: str, error: Exception) -> DamagedStreamError:
    return DamagedStreamError(name, f"the compressed data is cut short or broken ({error}).")


def _decompress(name: str, stream: Readable) -> Readable | None:
    """Return the stream decompressed, or None where it is not compressed."""
    with _told(name):
        head = stream.peek(8)[:8]
    for magic, (kind, hint) in _UNREADABLE.items():
        if head.startswith(magic):
            raise CaptureError(name, f"is {kind} data, which tracekit does not read.", hint)
    for magic, opened in _MAGIC.items():
        if head.startswith(magic):
            return opened(name, stream)
    return None


def _gzip(_name: str, stream: Readable) -> Readable:
    import gzip

    return gzip.GzipFile(fileobj=cast(BinaryIO, stream))


def _xz(_name: str, stream: Readable) -> Readable:
    return XzReader(stream)


class XzReader:
    """Reads .xz and .lzma data as LZMAFile does, in pieces that stay in the processor's cache.

    LZMAFile copies every byte three times more; of a trace that is a tenth of all time spent.
    """

    def __init__(self, stream: Readable) -> None:
        from lzma import LZMADecompressor

        self._new = LZMADecompressor
        self._stream = stream
        self._decoder = LZMADecompressor()
        self._ahead = b""

    def peek(self, _size: int, /) -> bytes:
        """Return some of the next bytes without moving on; none at the end."""
        if not self._ahead:
            self._ahead = self._piece(_XZ_PIECE)
        return self._ahead

    def read1(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, none at the end. Raises LZMAError or EOFError."""
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
            return piece
        return self._piece(min(size, _XZ_PIECE))

    read = read1

    def close(self) -> None:
        """Close what is read from."""
        self._stream.close()

    def _piece(self, size: int) -> bytes:
        while True:
            data = b""
            if self._decoder.eof:
                data = self._next_stream()
                if not data:
                    return b""
            elif self._decoder.needs_input:
                data = self._stream.read1(CHUNK)
                if not data:
                    raise EOFError("the end of the compressed data is missing")
            piece = self._decoder.decompress(data, size)
            if piece:
                return piece

    def _next_stream(self) -> bytes:
        """Return the beginning of a further stream behind the one that is over, if there is one."""
        data = self._decoder.unused_data.lstrip(b"\0")
        while not data:
            more = self._stream.read1(CHUNK)
            if not more:
                return b""
            data = more.lstrip(b"\0")
        if not data.startswith(_XZ_MAGIC):
            return b""
        self._decoder = self._new()
        return data


def _bz2(_name: str, stream: Readable) -> Readable:
    import bz2

    return bz2.BZ2File(cast(BinaryIO, stream))


def _zstd(name: str, stream: Readable) -> Readable:
    try:
        import zstandard
    except ImportError as error:
        hint = "Install it with 'pip install zstandard', or unpack the file with 'zstd -d'."
        raise CaptureError(name, "zstd data needs the package zstandard.", hint) from error

    def frames() -> Iterator[bytes]:
        try:
            yield from _zstd_frames(name, stream, zstandard.ZstdDecompressor())
        except zstandard.ZstdError as error:
            raise _damaged(name, error) from error

    return io.BufferedReader(ChunkReader(frames()))


def _zstd_frames(name: str, stream: Readable, codec: Any) -> Iterator[bytes]:
    """Yield what each input piece decompresses to; small pieces bound what a bomb can do."""
    frame = codec.decompressobj()
    started = False
    data = stream.read(_ZSTD_PIECE)
    while data:
        started = True
        yield frame.decompress(data)
        data = frame.unused_data if frame.eof else b""
        if frame.eof:
            frame, started = codec.decompressobj(), bool(data)
        data = data or stream.read(_ZSTD_PIECE)
    if started:
        raise _damaged(name, EOFError("the last frame has no end"))


_MAGIC: dict[bytes, Callable[[str, Readable], Readable]] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\0": _xz,
    b"BZh": _bz2,
    b"\x28\xb5\x2f\xfd": _zstd,
}
