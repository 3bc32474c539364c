"""One row of the table of what differs between kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracekit.kernel.evidence import Evidence

Version = tuple[int, ...]
Detector = Callable[[Evidence], bool | None]


@dataclass(frozen=True, slots=True)
class Feature:
    """One row: a behaviour, the versions that have it, and how a log betrays it.

    ``since`` is the first version that has it, ``until`` the first that does not (exclusive),
    either None where open. ``detect`` returns True or False where the evidence decides, None
    where it is silent. ``commit`` is the upstream commit that brought it, with its subject.
    """

    name: str
    since: Version | None = None
    until: Version | None = None
    commit: str = ""
    subject: str = ""
    detect: Detector | None = None

    def in_version(self, version: Version) -> bool:
        """Return whether an upstream kernel of this version has the feature."""
        after = self.since is None or version >= self.since
        return after and (self.until is None or version < self.until)
