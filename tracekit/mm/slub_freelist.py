"""Free lists of slabs, and the order in which a new slab hands out its objects (mm/slub.c).

With CONFIG_SLAB_FREELIST_RANDOM every cache has one random permutation, and each new slab starts
somewhere in it (shuffle_freelist, next_freelist_entry).  So the order can be learned from a few
slabs: what followed a slot once will always follow it.
"""

from __future__ import annotations

__all__ = ["EMPTY", "UNKNOWN", "Freelist", "Sequence"]

UNKNOWN = -1
EMPTY = -2


class Sequence:
    """The order of a cache's new slabs, as far as it is known.

    `objects` is the number of slots of a slab.  `shuffled` False means that slots come in order.
    `seen` counts for each slot how often its successor was seen to follow it.
    """

    __slots__ = ("objects", "predecessor", "seen", "shuffled", "successor")

    def __init__(self, objects: int, shuffled: bool = True) -> None:
        self.objects = objects
        self.shuffled = shuffled
        self.seen = [0 if shuffled else 2] * objects
        self.successor = [UNKNOWN] * objects if shuffled else [*range(1, objects), 0]
        self.predecessor = [UNKNOWN] * objects if shuffled else [*range(-1, objects - 1)]

    def first(self) -> int:
        """Return the first slot of a new slab, UNKNOWN where it is drawn at random."""
        return UNKNOWN if self.shuffled else 0

    def after(self, slot: int, objects: int) -> int:
        """Return the slot that follows `slot` in a slab of `objects` slots, or UNKNOWN.

        A slab of fewer pages than usual leaves out the slots that it does not have.
        """
        for _ in range(self.objects):
            slot = self.successor[slot]
            if slot < objects:
                return slot
        return UNKNOWN

    def before(self, slot: int, objects: int) -> int:
        """Return the slot that `slot` follows in a slab of `objects` slots, or UNKNOWN."""
        for _ in range(self.objects):
            found = self.predecessor[slot]
            if found < 0 or self.successor[found] != slot:
                return UNKNOWN
            slot = found
            if slot < objects:
                return slot
        return UNKNOWN

    def learn(self, slot: int, following: int) -> None:
        """Note that `following` came right after `slot` in a new slab of full size."""
        if self.shuffled:
            self.predecessor[following] = slot
        if self.successor[slot] == following:
            self.seen[slot] += 1
        elif self.shuffled:
            self.successor[slot] = following
            self.seen[slot] = 1


class Freelist:
    """Free slots in the order in which they will be taken.

    First `stack` from its end on (freed objects, last freed first); then `fresh` slots that were
    never handed out, in the cache's sequence after slot `last`; then, if `unknown`, slots that were
    free before anything was known.  `unsure`: how many fresh ones are left is an upper bound.
    """

    __slots__ = ("fresh", "last", "stack", "unknown", "unsure")

    def __init__(self, fresh: int = 0, unknown: bool = False) -> None:
        self.stack: list[int] = []
        self.fresh = fresh
        self.last = UNKNOWN
        self.unknown = unknown
        self.unsure = False

    def __len__(self) -> int:
        return len(self.stack) + self.fresh

    def peek(self, sequence: Sequence, objects: int) -> int:
        """Return the slot that comes next, UNKNOWN or EMPTY."""
        if self.stack:
            return self.stack[-1]
        if self.fresh:
            if self.last < 0:
                return sequence.first()
            return sequence.after(self.last, objects)
        return UNKNOWN if self.unknown else EMPTY

    def take(self, slot: int, sequence: Sequence, objects: int) -> None:
        """Take `slot`, which is next or which nothing decided; learn the sequence from it."""
        if self.stack:
            if self.stack[-1] == slot:
                self.stack.pop()
            else:
                self.stack.remove(slot)
        elif self.fresh:
            if self.last >= 0 and not self.unsure and objects == sequence.objects:
                sequence.learn(self.last, slot)
            self.last = slot
            self.fresh -= 1

    def bottom(self, sequence: Sequence, objects: int) -> int:
        """Return the slot that would come last, UNKNOWN where the sequence does not tell."""
        at = self.last if self.fresh else self.stack[0] if self.stack else UNKNOWN
        for _ in range(self.fresh):
            at = sequence.after(at, objects) if at >= 0 else UNKNOWN
        return at

    def reverse(self, sequence: Sequence, objects: int) -> None:
        """Turn the list round; where the order of fresh slots is not known, forget it."""
        at, fresh = self.last, []
        for _ in range(self.fresh):
            at = sequence.after(at, objects) if at >= 0 else UNKNOWN
            if at < 0:
                self.stack, self.fresh, self.unknown = [], 0, True
                return
            fresh.append(at)
        self.stack, self.fresh = self.stack[::-1] + fresh, 0

    def tentative(self, sequence: Sequence) -> bool:
        """Say whether the next slot is a fresh one whose place was seen only once before."""
        return not self.stack and self.last >= 0 and sequence.seen[self.last] < 2

    def put(self, slot: int) -> None:
        """Put a freed slot in front."""
        self.stack.append(slot)

    def holds(self, slot: int, sequence: Sequence, objects: int) -> bool:
        """Say whether `slot` is known to be here."""
        return self.before(slot, sequence, objects) is not None

    def before(self, slot: int, sequence: Sequence, objects: int) -> list[int] | None:
        """Return the slots that come before `slot`, or None if it is not known to be here."""
        if slot in self.stack:
            return self.stack[self.stack.index(slot) + 1 :]
        found = list(self.stack)
        at = self.last
        for _ in range(self.fresh):
            at = sequence.after(at, objects) if at >= 0 else UNKNOWN
            if at < 0:
                return None
            if at == slot:
                return found
            found.append(at)
        return None

    def take_below(self, slot: int, sequence: Sequence, objects: int) -> bool:
        """Take `slot` and leave what lies in front of it; False if that cannot be done."""
        if slot in self.stack:
            self.stack.remove(slot)
            return True
        if not self.fresh or self.last < 0 or sequence.after(self.last, objects) != slot:
            return False
        self.last = slot
        self.fresh -= 1
        return True

    def skip_to(self, slot: int, sequence: Sequence, objects: int) -> None:
        """Take `slot` and everything before it, as when allocations print no line."""
        if self.fresh and self.tentative(sequence):
            self.take(slot, sequence, objects)
            return
        skipped = self.before(slot, sequence, objects)
        if slot in self.stack:
            del self.stack[self.stack.index(slot) :]
        elif self.fresh:
            from_stack = len(self.stack)
            self.stack.clear()
            self.last = slot
            self.unsure = self.unsure or skipped is None
            self.fresh -= 1 if skipped is None else len(skipped) - from_stack + 1
