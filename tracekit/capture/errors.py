"""The one error that opening input can raise."""

from __future__ import annotations


class CaptureError(Exception):
    """Input that cannot be used, told in one sentence that a person can act on.

    ``path`` is what was opened, ``message`` says what is wrong with it, ``hint`` (possibly
    empty) names the next step.
    """

    def __init__(self, path: str, message: str, hint: str = "") -> None:
        self.path = path
        self.message = message
        self.hint = hint
        super().__init__(f"{path}: {message}" + (f" {hint}" if hint else ""))


class DamagedStreamError(CaptureError):
    """A compressed stream that ends early or is broken; what came before it was handed on."""
