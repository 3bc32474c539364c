"""Files, folders, archives, standard input; and everything that is none of them."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import tarfile
from pathlib import Path

import pytest
import zstandard

from tests.capture.fragments import DMESG, MESSAGES
from tracekit.capture import CaptureError, open_capture
from tracekit.capture import bundle as bundle_module

TRACE = "# tracer: nop\n#\n  sh-1  [000] .....  1.000001: kfree: call_site=f+0x1/0x2 ptr=0x1\n"
BUDDYINFO = "Node 0, zone      DMA      1      0\n"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """A captured boot with everything that may lie in one."""
    folder = tmp_path / "boot"
    (folder / "proc").mkdir(parents=True)
    (folder / "formats").mkdir()
    (folder / "dmesg.log").write_text(DMESG)
    (folder / "trace.txt.xz").write_bytes(lzma.compress(TRACE.encode()))
    (folder / "proc" / "buddyinfo").write_text(BUDDYINFO)
    (folder / "proc" / "kconfig.xz").write_bytes(lzma.compress(b"CONFIG_X=y\n"))
    (folder / "formats" / "kmem.txt").write_text("name: kfree\n")
    (folder / "meta.json").write_text("[    0.000000] Linux version of meta.json\n")
    (folder / "truth_handoff.json").write_text("[    0.000000] Linux version of the truth\n")
    (folder / "system_map_mm.txt").write_text("ffffffff81000000 T memblock_add\n" * 50)
    (folder / "notes.md").write_text("The kernel booted.\n")
    (folder / "console.log").write_text("[    0.000000] Linux version of the console\n")
    return folder


def check_boot(where: str) -> None:
    capture = open_capture([where])
    (log,) = capture.logs
    assert (log.kind, len(log.lines), log.complete) == ("dmesg", len(MESSAGES), True)
    assert log.path.endswith("dmesg.log")
    (trace,) = capture.traces
    assert b"".join(trace.chunks()).decode() == TRACE
    assert sorted(capture.files) == ["formats/kmem.txt", "proc/buddyinfo", "proc/kconfig"]
    assert capture.read_text("proc/buddyinfo") == BUDDYINFO
    assert capture.read_text("proc/kconfig") == "CONFIG_X=y\n"


def test_captured_boot_folder(boot: Path) -> None:
    check_boot(str(boot))


@pytest.mark.parametrize("mode", ["", ":gz", ":xz", ":bz2"])
@pytest.mark.parametrize("top", [".", "boot", "./boot"])
def test_captured_boot_in_an_archive(boot: Path, tmp_path: Path, mode: str, top: str) -> None:
    path = tmp_path / "capture.tar"
    with tarfile.open(path, f"w{mode}") as archive:  # type: ignore[call-overload]
        archive.add(boot, arcname=top)
    check_boot(str(path))


def test_meta_and_truth_are_never_opened(boot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = bundle_module.file_source
    monkeypatch.setattr(
        bundle_module, "file_source", lambda path: opened.append(str(path)) or real(path)
    )
    open_capture([boot])
    names = {Path(path).name for path in opened}
    assert "dmesg.log" in names
    assert not {name for name in names if name == "meta.json" or name.startswith("truth_")}


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lzma.compress, zstandard.compress], ids=["", "gz", "xz", "zst"]
)
def test_single_file_whatever_its_name(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "no-suffix-at-all"
    path.write_bytes(pack(DMESG.encode()))
    (log,) = open_capture([path]).logs
    assert (log.path, len(log.lines)) == (str(path), len(MESSAGES))


def test_cut_archive_of_a_log_is_a_log_with_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.gz"
    path.write_bytes(gzip.compress(DMESG.encode())[:-12])
    (log,) = open_capture([path]).logs
    assert log.lines
    assert not log.complete
    assert any("cut short or broken" in problem for problem in log.problems)


def test_several_files(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(DMESG)
    (tmp_path / "trace").write_text(TRACE)
    capture = open_capture([tmp_path / "log", tmp_path / "trace"])
    assert (len(capture.logs), len(capture.traces)) == (1, 1)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(DMESG.encode()))))
    (log,) = open_capture(["-"]).logs
    assert (log.path, len(log.lines)) == ("-", len(MESSAGES))


def test_trace_on_standard_input_opens_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TRACE.encode())))
    (trace,) = open_capture(["-"]).traces
    assert b"".join(trace.chunks()) == b"".join(trace.chunks()) == TRACE.encode()


def test_log_far_below_a_mails_prose(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    path.write_text("It was a dark and stormy night.\n" * 5000 + DMESG)
    assert open_capture([path]).logs[0].complete


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (bytes(9999), "only NUL bytes"),
        (os.urandom(200_000), "is binary data"),
        (b"Dear all, how are you?\n", "holds no kernel log and no trace"),
        (b"x" * 100_000, "is binary data"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(os.urandom(70_000)), "is binary data"),
        (b"\x1f\x8b\x08\0", "cut short or broken"),
        (b"PK\x03\x04" + bytes(90), "unzip"),
    ],
    ids=["empty", "NUL", "noise", "letter", "x", "empty gz", "noise in gz", "cut gz", "zip"],
)
def test_file_that_is_no_use(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=reason) as caught:
        open_capture([path])
    assert caught.value.path == str(path)
    assert "\n" not in str(caught.value)


def test_folder_that_is_no_use(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("The kernel is not here.\n")
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "core").write_bytes(os.urandom(5000))
    (tmp_path / "meta.json").write_text("[    0.000000] Linux version 6.1\n")
    with pytest.raises(CaptureError, match="holds no kernel log and no trace"):
        open_capture([tmp_path])


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bundle_module.os, "scandir", refuse)
    with pytest.raises(CaptureError, match="cannot be read: permission denied"):
        open_capture([tmp_path])


def test_missing_path_and_no_path() -> None:
    with pytest.raises(CaptureError, match="no such file"):
        open_capture(["/nowhere/at/all"])
    with pytest.raises(CaptureError):
        open_capture([])


def test_broken_archive(tmp_path: Path) -> None:
    path = tmp_path / "capture.tar"
    data = bytearray(1024)
    data[257:262] = b"ustar"
    path.write_bytes(data)
    with pytest.raises(CaptureError):
        open_capture([path])


def test_file_that_a_bundle_lacks_reads_as_none(boot: Path) -> None:
    assert open_capture([boot]).read_text("proc/nothing") is None


def test_damaged_file_of_a_bundle(boot: Path) -> None:
    path = boot / "proc" / "kconfig.xz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CaptureError, match="cut short or broken"):
        open_capture([boot]).read_text("proc/kconfig")


def test_broken_stranger_in_a_folder_does_no_harm(boot: Path) -> None:
    (boot / "core.gz").write_bytes(b"\x1f\x8b\x08\0")
    (boot / "old.zip").write_bytes(b"PK\x03\x04")
    assert open_capture([boot]).logs
    (boot / "dmesg.log").write_bytes(b"\x1f\x8b\x08\0")
    with pytest.raises(CaptureError, match=r"dmesg\.log: the compressed data is cut"):
        open_capture([boot])


@pytest.mark.parametrize("inside", ["cpu0", "per_cpu/cpu0"])
def test_traces_of_single_cpus_are_not_taken_for_the_whole(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).mkdir(parents=True)
    (tmp_path / inside / "trace").write_text("# tracer: nop\n")
    with pytest.raises(CaptureError, match="a trace of each CPU, but none of all of them") as error:
        open_capture([tmp_path])
    assert "/sys/kernel/tracing/trace" in str(error.value)


def test_a_folder_like_tracefs_is_not_drained(tmp_path: Path) -> None:
    # tracefs shows it as a plain file; who reads it takes events away, and waits for more
    (tmp_path / "trace_pipe").write_text("# tracer: nop\n")
    (tmp_path / "dmesg.log").write_text(DMESG)
    for name in ("kmem/kfree/format", "kmem/kfree/id", "sched/sched_switch/format"):
        (tmp_path / "events" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "events" / name).write_text("name: x\n")
    capture = open_capture([tmp_path])
    assert capture.traces == ()
    assert list(capture.files) == ["events/kmem/kfree/format"]
