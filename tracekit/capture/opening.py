"""Opens paths of any kind and sorts what they hold into logs, traces and kernel files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path, PurePosixPath

from tracekit.capture.bundle import Bundle, is_tar, open_folder, open_tar
from tracekit.capture.errors import CaptureError
from tracekit.capture.kind import kind_of
from tracekit.capture.line import Log
from tracekit.capture.log import read_log
from tracekit.capture.streams import Source, file_source, stdin_source
from tracekit.capture.text import check_text, decode, is_text
from tracekit.capture.trace import TraceSource, trace_source
from tracekit.capture.trace_dat import is_trace_dat, report_source

_SNIFF = 1 << 16
_KINDS = ("dmesg", "trace")
_MOST_SEARCHED = 8 << 20
_NOTHING = "holds no kernel log and no trace that tracekit knows."
_HINT = "Give it the output of 'dmesg', a console log, or a trace from /sys/kernel/tracing/trace."
_WHOLE = (
    "Give it /sys/kernel/tracing/trace, where the events of all CPUs stand in order of time; or "
    "the files one by one, of which each tells of its CPU alone."
)


@dataclass(frozen=True, slots=True)
class Capture:
    """What was opened: the logs, the traces, and the small kernel files of a captured boot.

    ``files`` maps names such as ``proc/buddyinfo`` to where they were found; inside an archive
    that is only a name, ``read_text`` reads either.
    """

    logs: tuple[Log, ...]
    traces: tuple[TraceSource, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    _sources: Mapping[str, Source] = field(default_factory=dict, repr=False)

    def read_text(self, name: str) -> str | None:
        """Return the text of one of ``files``, decompressed, or None where it is not there.

        Raises CaptureError where it cannot be read.
        """
        source = self._sources.get(name)
        if source is None:
            return None
        return decode(b"".join(source.chunks())).replace("\r\n", "\n")


def open_capture(paths: Sequence[str | PathLike[str]]) -> Capture:
    """Open files, folders, tar archives or ``-`` (standard input) that belong to one boot.

    Raises CaptureError where one cannot be read, or holds nothing that can be used.
    """
    if not paths:
        raise CaptureError("input", "no path was given.", _HINT)
    logs: list[Log] = []
    traces: list[TraceSource] = []
    sources: dict[str, Source] = {}
    for path in paths:
        bundle = _open(os.fspath(path))
        found = _useful(bundle) if bundle.whole else [_known(bundle.candidates[0])]
        if not found and not bundle.files:
            raise _useless(bundle.name)
        logs += [read_log(source) for source, kind in found if kind == "dmesg"]
        traces += [trace_source(source) for source, kind in found if kind == "trace"]
        sources |= bundle.files
    files = {name: Path(source.name) for name, source in sources.items()}
    return Capture(tuple(logs), tuple(traces), files, sources)


def _useless(name: str) -> CaptureError:
    """Return the error for a folder or archive that holds nothing of use."""
    if any(Path(name).glob("cpu*/trace")) or any(Path(name).glob("per_cpu/cpu*/trace")):
        return CaptureError(name, "holds a trace of each CPU, but none of all of them.", _WHOLE)
    return CaptureError(name, _NOTHING, _HINT)


def _open(name: str) -> Bundle:
    """Return what stands at ``name``; a single file is a bundle of one candidate."""
    if os.path.isdir(name):
        return open_folder(name)
    source = stdin_source() if name == "-" else file_source(name)
    if is_tar(source):
        return open_tar(source)
    return Bundle(source.name, [source], whole=False)


def _known(source: Source) -> tuple[Source, str]:
    """Return a file that a person named with its kind; raises where it has none."""
    head = source.head(_SNIFF)
    if is_trace_dat(head):
        return report_source(source), "trace"
    check_text(source.name, head)
    kind = kind_of(decode(head))
    if kind == "unknown":
        # the log may start far below: a mail's text, a boot loader's chatter
        kind = kind_of(decode(source.head(_MOST_SEARCHED)))
    if kind == "unknown":
        raise CaptureError(source.name, _NOTHING, _HINT)
    return source, kind


def _useful(bundle: Bundle) -> list[tuple[Source, str]]:
    """Return the logs and traces among the files of a folder or an archive.

    Of each kind the file of the usual name (dmesg, trace) stands for all the others.
    """
    found = [(source, kind) for source in bundle.candidates if (kind := _clear_kind(source))]
    chosen = []
    for kind in _KINDS:
        alike = [source for source, its_kind in found if its_kind == kind]
        usual = [source for source in alike if _stem(source) == kind]
        chosen += [(source, kind) for source in usual or alike]
    return chosen


def _clear_kind(source: Source) -> str | None:
    """Return the kind of a file nobody named, None unless it is sure to be a log or trace.

    Raises CaptureError where a file of the usual name cannot be read.
    """
    try:
        head = source.head(_SNIFF)
    except CaptureError:
        if _stem(source) in _KINDS:
            raise
        return None
    if not is_text(head):
        return None
    kind = kind_of(decode(head), sure=True)
    return None if kind == "unknown" else kind


def _stem(source: Source) -> str:
    """Return the file's name without folders and suffixes: ``dmesg`` for ``a/dmesg.log.xz``."""
    return PurePosixPath(source.name.rpartition("!")[2]).name.partition(".")[0]
