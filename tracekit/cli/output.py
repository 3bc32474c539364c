"""Where a command's result goes, and how trouble is told."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

TROUBLE = 2


def write(text: str, output: str | None) -> None:
    """Write a result to the file ``output``, or to stdout in colour where that is wanted."""
    if output is None or output == "-":
        _print(text)
        return
    try:
        Path(output).write_text(click.unstyle(text), encoding="utf-8")
    except OSError as error:
        trouble(f"{output}: cannot be written ({error.strerror}); give another file with -o")


def _print(text: str) -> None:
    """Write to stdout; a reader that has seen enough (head, a pager) changes no exit status."""
    try:
        click.echo(text, nl=False, color=wants_colour())
    except BrokenPipeError:
        # what stdout still buffers must have somewhere to go when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def wants_colour() -> bool | None:
    """Return True or False where the environment asks for it, None to look at the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def trouble(message: str) -> NoReturn:
    """Say on stderr what went wrong and leave with exit status 2."""
    click.echo(f"tracekit: {message}", err=True)
    raise SystemExit(TROUBLE)


def internal_error(error: Exception) -> NoReturn:
    """Say that tracekit itself failed, where, and what to report; leave with exit status 2."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    code = last.tb_frame.f_code if last is not None else None
    place = f" in {code.co_qualname} of {Path(code.co_filename).name}" if code else ""
    trouble(
        f"internal error: {type(error).__name__}: {error}{place}. This is a defect of tracekit, "
        "not of your log. Run again with TRACEKIT_DEBUG=1 in the environment, and report the "
        "traceback that it shows together with the log."
    )


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the cycle collector out of bulk work, which makes millions of objects and no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
