"""The kernel that wrote a log, as far as the log tells."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracekit.kernel import features
from tracekit.kernel.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Kernel:
    """Release, architecture, page size and command line; ``has(feature)`` says how it behaves.

    ``arch`` is one of the names in kernel/arch.py, None where the log does not tell.
    ``page_size`` is in bytes. ``version`` is (major, minor, patch).
    """

    release: str | None = None
    version: tuple[int, ...] | None = None
    arch: str | None = None
    page_size: int | None = None
    cmdline: str | None = None
    evidence: Evidence = field(default_factory=Evidence)

    def has(self, feature: str, default: bool = False) -> bool:
        """Return whether this kernel has a feature of the table in kernel/features.py."""
        return features.has(feature, self.version, self.evidence, default)

    def option(self, name: str) -> str | None:
        """Return the last value of a command line option (``mem``), "" for a bare word."""
        found = None
        for word in (self.cmdline or "").split():
            key, _, value = word.partition("=")
            if key.replace("-", "_") == name.replace("-", "_"):
                found = value
        return found
