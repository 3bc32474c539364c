"""The one table of what differs between kernels. Versions are compared nowhere else.

A feature is looked for in the log's own shape first, then in event formats and kconfig, and
only where these are silent does the version decide: distributions backport.
"""

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


TABLE: tuple[Feature, ...] = ()


def has(name: str, version: Version | None, evidence: Evidence, default: bool = False) -> bool:
    """Return whether the kernel has the feature: by evidence, else by version, else ``default``.

    Raises KeyError for a name that is not in the table.
    """
    feature = _BY_NAME[name]
    found = feature.detect(evidence) if feature.detect is not None else None
    if found is not None:
        return found
    return default if version is None else feature.in_version(version)


_BY_NAME = {feature.name: feature for feature in TABLE}
