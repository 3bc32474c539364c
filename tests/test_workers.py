from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.boots import ROOT
from tracekit.workers import pool

PARENT = """
import os, time
from tracekit.workers import pool
with pool(1) as processes:
    print(processes.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""
PATIENCE = 20


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_work_is_done_elsewhere() -> None:
    with pool(2) as processes:
        assert processes.submit(os.getpid).result() != os.getpid()


def test_a_killed_parent_leaves_no_process_behind() -> None:
    words = [sys.executable, "-c", PARENT]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert runs(worker)
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while runs(worker) and time.monotonic() < end:
        time.sleep(0.1)
    assert not runs(worker)
