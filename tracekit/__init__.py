"""tracekit replays a Linux boot log through simulated memory allocators.

``load(path)`` opens and parses a boot, ``replay(boot)`` says where what the kernel logged and
what its own rules imply part ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracekit.compiled import choose

if TYPE_CHECKING:
    from tracekit.boot import Boot, load
    from tracekit.replay.boot import Replay, replay

__all__ = ["Boot", "Replay", "__version__", "load", "replay"]
__version__ = "0.1.0"

choose()

_HOMES = {
    "Boot": "tracekit.boot",
    "load": "tracekit.boot",
    "Replay": "tracekit.replay.boot",
    "replay": "tracekit.replay.boot",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for: a bare import stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tracekit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
