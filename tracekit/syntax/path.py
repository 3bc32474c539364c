"""Which of the ways of reading trace lines is in use."""

from __future__ import annotations

from importlib.util import find_spec


def reading_path() -> str:
    """Return ``the compiled scanner`` where the extension is installed, else the fallback."""
    if find_spec("tracekit.syntax._scanner") is not None:
        return "the compiled scanner"
    return "regular expressions; build the extension for speed"
