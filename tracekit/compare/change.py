"""What a comparison finds: changes, each with its cause, and accounts that add up."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two boots.

    ``area`` is the part of the boot (memblock, zones, slab ...), ``kind`` what the memory is
    for, ``subject`` whose it is. ``before`` and ``after`` are bytes, or words where
    ``is_bytes`` is False; None says that this side has nothing of the kind. ``state`` marks
    what was in use at the moment when it was read: it moves from boot to boot.
    """

    area: str
    kind: str
    subject: str
    before: int | str | None
    after: int | str | None
    is_bytes: bool = True
    note: str = ""
    state: bool = False

    @property
    def delta(self) -> int:
        """Bytes gained (positive) or lost; 0 for a change of words."""
        if not self.is_bytes:
            return 0
        return int(self.after or 0) - int(self.before or 0)

    @property
    def verb(self) -> str:
        """What happened: new, gone, grown, shrunk or changed."""
        if self.before is None:
            return "new"
        if self.after is None:
            return "gone"
        if not self.is_bytes or not self.delta:
            return "changed"
        return "grown" if self.delta > 0 else "shrunk"

    @property
    def key(self) -> str:
        """The name by which an ignore file speaks of the change."""
        return f"{self.area}/{self.kind}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Account:
    """A number of the kernel's in both boots, and how much of its difference is explained.

    ``parts`` are the causes that bear on it with their bytes (gained: positive), ``explained``
    is their sum; ``remainder`` is what they leave, which ``remainder_name`` names.
    """

    name: str
    before: int
    after: int
    explained: int
    remainder_name: str
    parts: tuple[tuple[str, int], ...] = ()

    @property
    def delta(self) -> int:
        """Bytes gained or lost."""
        return self.after - self.before

    @property
    def remainder(self) -> int:
        """Bytes of the difference that the changes do not explain."""
        return self.delta - self.explained


@dataclass(slots=True)
class Comparison:
    """All that differs between two boots.

    ``reasons`` say why the two are hard to compare (empty where they are comparable);
    ``setting`` what differs around them (kernel, command line, machine), ``changes`` the
    differences by cause with the largest first, ``ignored`` those that a file excuses.
    ``state`` is what moves from boot to boot, and counts only where ``state_counts``.
    """

    before: str
    after: str
    reasons: list[str] = field(default_factory=list)
    setting: list[Change] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    state: list[Change] = field(default_factory=list)
    state_counts: bool = False
    ignored: list[tuple[Change, str]] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs but what an ignore file excuses or what moves by itself."""
        counted = self.state if self.state_counts else []
        return not self.changes and not self.setting and not counted
