"""The memory budget of a boot: a tree of bytes that adds up, from firmware to free pages.

Every line's bytes are the sum of the lines below it; what is not known in detail stands under
a name that says so. The finest tree comes from a log with memblock=debug, the coarse one from
the Memory: line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracekit.events.base import Source


@dataclass(slots=True)
class Item:
    """One line of the budget.

    ``size`` is the bytes of a line that is not divided further. ``kind`` is what the memory is
    for, ``owner`` who took it (a caller, a zone, a firmware type), ``source`` the log line that
    shows it, ``nid`` and ``zone`` where it lies if known.
    """

    name: str
    size: int = 0
    kind: str = ""
    owner: str = ""
    source: Source | None = None
    nid: int | None = None
    zone: str | None = None
    below: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> Item:
        """Put a line below this one; return it."""
        self.below.append(item)
        return item

    @property
    def bytes(self) -> int:
        """Bytes of the line: its own size, or the sum of the lines below."""
        return sum(item.bytes for item in self.below) if self.below else self.size

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Item]]:
        """Yield (depth, line) of this line and all below it, from the top down."""
        yield depth, self
        for item in self.below:
            yield from item.walk(depth + 1)

    def leaves(self) -> Iterator[Item]:
        """Yield the lines that are not divided further."""
        for _, item in self.walk():
            if not item.below:
                yield item


@dataclass(slots=True)
class Budget:
    """A boot's budget: the tree, what came back later, and how it compares with the kernel.

    ``detail`` is ``memblock`` or ``coarse``; ``ram`` is the bytes of RAM that the kernel knows.
    ``free`` is what was free at the hand-off and ``kernel_free`` the kernel's own number, both
    in bytes, None where not known; ``adjustments`` name what lies between the two. Of what is
    free, ``deferred`` bytes were given when their struct pages were initialised later. ``folded``
    says what the coarse tree could not tell apart.
    """

    root: Item
    detail: str
    ram: int = 0
    free: int | None = None
    kernel_free: int | None = None
    adjustments: list[Item] = field(default_factory=list)
    returned: list[Item] = field(default_factory=list)
    mem_total: int | None = None
    folded: list[str] = field(default_factory=list)
    deferred: int = 0

    @property
    def remainder(self) -> int | None:
        """Bytes between the tree's free memory and the kernel's that nothing explains."""
        if self.free is None or self.kernel_free is None:
            return None
        return self.kernel_free - self.free - sum(item.bytes for item in self.adjustments)


def group(budget: Budget, by: str) -> list[Item]:
    """Return the undivided lines summed up by ``caller``, ``kind``, ``node`` or ``zone``.

    A sum by caller or kind names the line of its first part.
    """
    found: dict[str, Item] = {}
    for leaf in budget.root.leaves():
        name = _key(leaf, by)
        item = found.setdefault(name, Item(name, kind=leaf.kind, owner=leaf.owner))
        item.size += leaf.bytes
        if by in ("caller", "kind"):
            item.source = item.source or leaf.source
    return sorted(found.values(), key=lambda item: (-item.bytes, item.name))


def _key(leaf: Item, by: str) -> str:
    if by == "kind":
        return leaf.kind or leaf.name
    if by == "node":
        return "no node" if leaf.nid is None else f"node {leaf.nid}"
    if by == "zone":
        where = "" if leaf.nid is None else f"node {leaf.nid}, "
        return "no zone" if leaf.zone is None else f"{where}zone {leaf.zone}"
    return leaf.owner or leaf.name
