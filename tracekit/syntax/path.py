"""Which of the ways of reading trace lines is in use."""

from __future__ import annotations


def reading_path() -> str:
    """Return ``the compiled scanner`` where the extension can be used, else the fallback."""
    try:
        import tracekit.syntax._scanner  # noqa: F401
    except ImportError:
        return "regular expressions; build the extension for speed"
    return "the compiled scanner"
