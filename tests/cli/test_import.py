from __future__ import annotations

import gzip
from pathlib import Path

from click.testing import CliRunner

from tracekit.cli import main

LOG = b"[    0.000000] Linux version 6.1.0 (builder@host) #1 SMP\n"


def run(tmp_path: Path, dump: bytes) -> tuple[int, str, str]:
    archive = tmp_path / "boot.gz"
    archive.write_bytes(gzip.compress(dump))
    result = CliRunner().invoke(main, ["import", str(archive), "-o", str(tmp_path / "boot")])
    return result.exit_code, result.stdout, result.stderr


def test_a_whole_capture_names_the_next_step(tmp_path: Path) -> None:
    status, stdout, _ = run(tmp_path, b"=====FILE dmesg\n" + LOG + b"=====END\n")
    assert status == 0
    assert f"next: tracekit replay {tmp_path / 'boot'}" in stdout


def test_a_cut_capture_exits_2_before_anything_else(tmp_path: Path) -> None:
    status, stdout, stderr = run(tmp_path, b"=====FILE dmesg\n" + LOG)
    assert (status, stdout) == (2, "")
    assert "the capture ends early" in stderr


def test_what_the_log_lacks_is_said_though_the_capture_is_whole(tmp_path: Path) -> None:
    late = b"[    1.204000] memblock_reserve: [0x0000000000001000-0x0000000000001fff] f+0x0\n"
    status, _, stderr = run(tmp_path, b"=====FILE dmesg\n" + late * 3 + b"=====END\n")
    assert status == 0
    assert "dmesg.log: " in stderr
