"""/proc/iomem as people paste it beside their log."""

from __future__ import annotations

from tracekit.events.base import event
from tracekit.events.ranges import RangeEvent


@event("iomem_row")
class IomemRow(RangeEvent, frozen=True):
    """One resource in bytes, end exclusive; how deep it was indented is not kept."""

    name: str

    @property
    def is_ram(self) -> bool:
        """Whether the resource is System RAM itself, not something inside it."""
        return self.name == "System RAM"
