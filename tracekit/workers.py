"""Processes that work for this one, and end with it however it ends.

A pool's processes wait for work on a pipe whose other end they hold themselves, so that they
would wait for ever after their parent was killed.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from threading import Thread

WATCH_SECONDS = 0.5


def pool(jobs: int) -> ProcessPoolExecutor:
    """Return a pool of so many processes, which end when the calling process does."""
    return ProcessPoolExecutor(jobs, initializer=_watch, initargs=(os.getpid(),))


def _watch(parent: int) -> None:
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """Leave at once when another process has taken the place of the parent."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
