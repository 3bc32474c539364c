"""Where a command's result goes, and how trouble is told."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

TROUBLE = 2


def write(text: str, output: str | None) -> None:
    """Write a result to the file ``output``, or to stdout in colour where that is wanted."""
    if output is None or output == "-":
        click.echo(text, nl=False, color=wants_colour())
        return
    try:
        Path(output).write_text(click.unstyle(text), encoding="utf-8")
    except OSError as error:
        trouble(f"{output}: cannot be written ({error.strerror}); give another file with -o")


def wants_colour() -> bool | None:
    """Return True or False where the environment asks for it, None to look at the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def trouble(message: str) -> NoReturn:
    """Say on stderr what went wrong and leave with exit status 2."""
    click.echo(f"tracekit: {message}", err=True)
    raise SystemExit(TROUBLE)


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
