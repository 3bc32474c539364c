"""A captured boot: a folder or a tar archive with a log, a trace, and small kernel files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from tracekit.capture.errors import CaptureError
from tracekit.capture.streams import ChunkReader, Source, file_source, spool, unreadable

if TYPE_CHECKING:
    import tarfile

# what a capture tool knew beforehand or read from the machine's memory: never evidence; and of
# tracefs the files that take the events out of the buffer, and wait where there are none
_NEVER_NAMES = ("meta.json", "trace_pipe", "trace_pipe_raw")
_NEVER_PREFIX = "truth_"
_FOLDERS = ("proc", "formats", "events")
# of the folders of tracefs/events those that hold the formats of events that tracekit reads
_EVENT_GROUPS = ("kmem", "percpu")
_COMPRESSED = (".xz", ".gz", ".zst", ".bz2")
_MEMBERS = 5000


@dataclass(slots=True)
class Bundle:
    """The contents of a folder or archive: candidates for logs and traces, and the files.

    ``files`` maps names such as ``proc/buddyinfo``, a compression's suffix removed. ``whole``
    is False for a single file, whose kind its owner vouches for.
    """

    name: str
    candidates: list[Source] = field(default_factory=list)
    files: dict[str, Source] = field(default_factory=dict)
    whole: bool = True

    def place(self, inside: str, source: Source) -> None:
        """Sort one member in by its path ``inside`` the bundle."""
        path = PurePosixPath(inside)
        if path.parts[0] == "events" and not _is_format(path):
            return
        if path.parts[0] in _FOLDERS and len(path.parts) > 1:
            plain = str(path)
            for suffix in _COMPRESSED:
                plain = plain.removesuffix(suffix)
            self.files[plain] = source
        elif len(path.parts) == 1:
            self.candidates.append(source)


def _is_format(path: PurePosixPath) -> bool:
    """Whether this is events/GROUP/NAME/format of a group that is read."""
    return len(path.parts) == 4 and path.parts[1] in _EVENT_GROUPS and path.name == "format"


def _may_be_evidence(name: str) -> bool:
    return name not in _NEVER_NAMES and not name.startswith((_NEVER_PREFIX, "."))


def open_folder(folder: str) -> Bundle:
    """Return what a folder holds at its top, in proc/, formats/ and events/; nothing is read yet.

    Raises CaptureError where the folder cannot be listed.
    """
    bundle = Bundle(folder)
    for path in _walk(folder, ""):
        if not path.startswith("events/") or _is_format(PurePosixPath(path)):
            bundle.place(path, file_source(os.path.join(folder, path)))
    return bundle


def _walk(folder: str, inside: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(os.path.join(folder, inside)), key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(os.path.join(folder, inside), error) from error
    for entry in entries:
        path = os.path.join(inside, entry.name)
        if entry.is_file() and _may_be_evidence(entry.name):
            yield path
        elif entry.is_dir() and (inside or entry.name in _FOLDERS):
            yield from _walk(folder, path)


def is_tar(source: Source) -> bool:
    """Whether the decompressed bytes of ``source`` are a tar archive."""
    return source.head(512)[257:262] == b"ustar"


def open_tar(source: Source) -> Bundle:
    """Return what a tar archive holds, one leading folder common to all members taken off.

    Members are copied out (large ones to temporary files), so that each opens again.
    """
    import tarfile

    members: list[tuple[PurePosixPath, Source]] = []
    try:
        stream = cast("tarfile._Fileobj", ChunkReader(source.chunks()))
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                copied = _copy(source.name, archive, member) if len(members) < _MEMBERS else None
                if copied:
                    members.append(copied)
    except tarfile.TarError as error:
        raise CaptureError(source.name, f"is a broken tar archive ({error}).") from error
    bundle = Bundle(source.name)
    depth = _common_depth([path for path, _ in members])
    for path, copy in members:
        bundle.place(str(PurePosixPath(*path.parts[depth:])), copy)
    return bundle


def _copy(
    archive_name: str, archive: tarfile.TarFile, member: tarfile.TarInfo
) -> tuple[PurePosixPath, Source] | None:
    stream = archive.extractfile(member) if member.isfile() else None
    path = PurePosixPath(*(part for part in PurePosixPath(member.name).parts if part != "."))
    if stream is None or not _may_be_evidence(path.name):
        return None
    return path, spool(f"{archive_name}!{path}", cast(BinaryIO, stream))


def _common_depth(paths: list[PurePosixPath]) -> int:
    """Return 1 where all members stand in one folder that is none of the bundle's own."""
    tops = {path.parts[0] for path in paths}
    deep = all(len(path.parts) > 1 for path in paths)
    return 1 if deep and len(tops) == 1 and not tops & set(_FOLDERS) else 0
