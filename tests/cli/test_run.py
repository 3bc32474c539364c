"""The command line as a program: it leaves at once, with all that was said and its status."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.boots import ROOT
from tests.cli.running import HEALTHY, diverging

AT_EXIT = """
import atexit, sys
from tracekit.cli import run
atexit.register(print, "left in the ordinary way")
sys.argv[1:] = ["explain", "MB101"]
run()
"""


def program(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    env = {**os.environ, "TRACEKIT_DEBUG": "", **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)


@pytest.mark.parametrize(("text", "status"), [(HEALTHY.read_text(), 0), (diverging(), 1)])
def test_the_status_and_the_whole_report_come_out(
    text: str, status: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log = tmp_path_factory.mktemp("log") / "dmesg.log"
    log.write_text(text)
    done = program("-m", "tracekit", "replay", "--format", "json", log)
    assert done.returncode == status
    assert done.stdout.rstrip().endswith("}")


def test_trouble_is_told_with_its_status() -> None:
    done = program("-m", "tracekit", "replay", "no such file")
    assert done.returncode == 2
    assert "no such file" in done.stderr


def test_debugging_leaves_in_the_ordinary_way() -> None:
    assert "ordinary" not in program("-c", AT_EXIT).stdout
    assert "ordinary" in program("-c", AT_EXIT, TRACEKIT_DEBUG="1").stdout
