"""Sheaves: arrays of free objects that CPUs keep in front of slabs, and barns (mm/slub.c, 7.0).

A CPU allocates from the end of its main sheaf and frees to it; a spare one waits, all of it full or
all of it empty.  Each node's barn keeps more full sheaves, the latest first.
"""

from __future__ import annotations

from tracekit.mm.slub import NEW_SLAB, Slab
from tracekit.mm.slub_freelist import UNKNOWN, Sequence

__all__ = ["MAX_FULL_SHEAVES", "Barn", "CpuSheaves", "Item", "Run", "Sheaf", "sheaf_capacity"]

MAX_FULL_SHEAVES = 10
# struct slab_sheaf before its objects: a list or RCU head, a pointer, two ints.
_HEADER_WORDS, _HEADER_INTS = 3, 8
_KMALLOC_STEPS = (8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048)


def sheaf_capacity(size: int, page_size: int, word: int = 8) -> int:
    """Return how many objects a sheaf holds (calculate_sheaf_capacity).

    `size` is the distance of objects in bytes, `word` the size of a pointer.  Caches that ask for
    more (kmem_cache_args.sheaf_capacity) get more.
    """
    wanted = 60
    if size >= page_size:
        wanted = 4
    elif size >= 1024:
        wanted = 12
    elif size >= 256:
        wanted = 26
    header = _HEADER_WORDS * word + _HEADER_INTS
    room = next(step for step in _KMALLOC_STEPS if step >= header + wanted * word)
    return (room - header) // word


class Run:
    """Objects of one slab in the order of its cache's sequence; they leave a sheaf last first.

    `popped` is the slot that left last.  A slab whose `name` is negative was not seen yet.
    """

    __slots__ = ("popped", "slab")

    def __init__(self, slab: Slab, popped: int = UNKNOWN) -> None:
        self.slab = slab
        self.popped = popped


Item = tuple[Slab, int] | Run


class Sheaf:
    """Free objects, the next one last; beneath the known ones lie `below` that are not known.

    `below` None: nobody knows how many.  `tail`: those on top of them are a new slab's, in its
    sequence, but how many of them is not known either.
    """

    __slots__ = ("below", "items", "tail")

    def __init__(self, below: int | None = 0) -> None:
        self.items: list[Item] = []
        self.below = below
        self.tail: Run | None = None

    def is_empty(self) -> bool:
        """Say whether it is known to hold nothing."""
        return not self.items and self.below == 0

    def is_full(self, capacity: int) -> bool:
        """Say whether it holds `capacity` objects, as far as is known."""
        return len(self.items) + (self.below or 0) >= capacity

    def peek(self, sequence: Sequence) -> tuple[Slab | None, int]:
        """Return (slab, slot) of the object on top; UNKNOWN and NEW_SLAB as Cache.predict()."""
        if not self.items:
            return None, UNKNOWN
        top = self.items[-1]
        slab = top.slab if isinstance(top, Run) else top[0]
        if slab.name < 0:
            return None, NEW_SLAB
        if not isinstance(top, Run):
            return top
        if top.popped < 0:
            return top.slab, UNKNOWN
        return top.slab, sequence.before(top.popped, top.slab.objects)

    def tentative(self, sequence: Sequence) -> bool:
        """Say whether the object on top is told by a step that was seen only once."""
        top = self.items[-1] if self.items else None
        if not isinstance(top, Run) or top.popped < 0:
            return False
        slot = sequence.before(top.popped, top.slab.objects)
        return slot < 0 or sequence.seen[slot] < 2

    def pop(self, slab: Slab, slot: int, sequence: Sequence) -> None:
        """Take the object on top, which turned out to be `slot` of `slab`; learn from it."""
        if not self.items:
            self._pop_unknown(slab, slot, sequence)
            return
        top = self.items.pop()
        if isinstance(top, Run):
            _follow(top, slot, sequence)

    def _pop_unknown(self, slab: Slab, slot: int, sequence: Sequence) -> None:
        if self.below:
            self.below -= 1
        tail = self.tail
        if tail is None:
            return
        if tail.slab is slab and slab.free.fresh:
            _follow(tail, slot, sequence)
            slab.free.fresh = max(slab.free.fresh - 1, 0)
        if tail.slab is not slab or not (slab.free.fresh and self.below):
            tail.slab.free.unsure = False
            self.tail = None

    def objects(self, sequence: Sequence) -> list[tuple[Slab, int]]:
        """Return the known objects, the next one last; a slot is UNKNOWN where the sequence is."""
        found: list[tuple[Slab, int]] = []
        popped: dict[int, int] = {}
        for item in reversed(self.items):
            if isinstance(item, Run):
                last = popped.get(id(item), item.popped)
                slot = sequence.before(last, item.slab.objects) if last >= 0 else UNKNOWN
                popped[id(item)] = slot
                found.append((item.slab, slot))
            else:
                found.append(item)
        return found[::-1]

    def push(self, slab: Slab, slot: int) -> None:
        """Put a freed object on top."""
        self.items.append((slab, slot))


def _follow(run: Run, slot: int, sequence: Sequence) -> None:
    """`slot` left a run: what left before follows it in the sequence."""
    slab = run.slab
    if run.popped >= 0:
        if slab.objects == sequence.objects:
            sequence.learn(slot, run.popped)
    elif slab.free.fresh and slab.free.last < 0:
        slab.free.last = slot
    run.popped = slot


class CpuSheaves:
    """One CPU's sheaves, `main` and `spare`, each for `capacity` objects.

    `nid` is the CPU's own node.  Both sheaves together behave as one stack: they are exchanged when
    `main` is full and `spare` empty, or the other way round.  The order breaks only where both are
    full, and one goes to the barn.  So where they are not `known`, `main` holds what was freed
    since, and `most` is the largest number of objects that both can hold; `pieces` counts the
    objects that came in without a break.
    """

    __slots__ = ("capacity", "known", "main", "most", "nid", "pieces", "spare")

    def __init__(self, capacity: int, known: bool, nid: int = 0) -> None:
        self.capacity = capacity
        self.nid = nid
        self.known = known
        self.main = Sheaf(0 if known else None)
        self.spare = Sheaf()
        self.most = 2 * capacity
        self.pieces = [0]

    @property
    def sure(self) -> int:
        """How many of the objects freed last come out as they went in."""
        return self.pieces[-1]

    def lose(self) -> None:
        """Forget all: objects came or went unseen."""
        self.known = False
        self.main, self.spare = Sheaf(None), Sheaf()
        self.most = 2 * self.capacity
        self.pieces = [0]

    def drop(self, slab: Slab, slot: int) -> bool:
        """Take an object out of the main sheaf, wherever it lies; False if it is not there."""
        if (slab, slot) not in self.main.items:
            return False
        self.main.items.remove((slab, slot))
        if not self.known:
            self.main.items.clear()
            self.pieces = [0]
        return True

    def put_unsure(self, slab: Slab, slot: int) -> bool:
        """Free an object where nothing tells how full the sheaves are; False if both may be."""
        self.main.push(slab, slot)
        if self.most < 2 * self.capacity:
            self.most += 1
            self.pieces[-1] += 1
            return True
        self.pieces.append(1)
        return False

    def take_unsure(self, slab: Slab, slot: int) -> None:
        """Take an object where the content of the sheaves is not known.

        One that lies below a possible break shows that there was none.
        """
        self.most = max(self.most - 1, self.capacity - 1)
        items, pieces = self.main.items, self.pieces
        if not items or items[-1] != (slab, slot):
            items.clear()
            self.pieces = [0]
            return
        items.pop()
        while not pieces[-1]:
            pieces.pop()
        pieces[-1] -= 1


class Barn:
    """A node's full sheaves, the next one last; `unknown` others may stand before them."""

    __slots__ = ("full", "unknown")

    def __init__(self, unknown: bool) -> None:
        self.full: list[Sheaf] = []
        self.unknown = unknown
