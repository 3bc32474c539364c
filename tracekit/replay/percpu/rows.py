"""The percpu events of a trace as the percpu twin takes them."""

from __future__ import annotations

from typing import NamedTuple

from tracekit.events.base import Source

__all__ = ["AllocRow", "FreeRow"]


class AllocRow(NamedTuple):
    """One percpu_alloc_percpu event; `size`, `align` and `off` are bytes."""

    line: Source
    caller: str
    reserved: bool
    atomic: bool
    size: int
    align: int
    base_addr: int
    off: int
    ptr: int


class FreeRow(NamedTuple):
    """One percpu_free_percpu event; `off` is bytes."""

    line: Source
    base_addr: int
    off: int
    ptr: int
