"""Free lists of slabs, and the order in which a new slab hands out its objects (mm/slub.c).

With CONFIG_SLAB_FREELIST_RANDOM every cache has one random permutation, and each new slab starts
somewhere in it (shuffle_freelist, next_freelist_entry).  So the order can be learned from a few
slabs: what followed a slot once will always follow it.
"""

from __future__ import annotations

from collections.abc import Iterator

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
        if objects and not shuffled:
            self.predecessor[0] = objects - 1

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
    never handed out, in the cache's sequence from the one after slot `last` to the one before slot
    `end`, or the other way where `turned`; then, if `unknown`, slots that were free before anything
    was known; then `under`, from its end on.  `unsure`: how many fresh ones are left is an upper
    bound.
    """

    __slots__ = ("end", "fresh", "last", "stack", "turned", "under", "unknown", "unsure")

    def __init__(self, fresh: int = 0, unknown: bool = False) -> None:
        self.stack: list[int] = []
        self.fresh = fresh
        self.last = UNKNOWN
        self.end = UNKNOWN
        self.turned = False
        self.unknown = unknown
        self.unsure = False
        self.under: list[int] = []

    def __len__(self) -> int:
        return len(self.stack) + self.fresh + len(self.under)

    def peek(self, sequence: Sequence, objects: int) -> int:
        """Return the slot that comes next, UNKNOWN or EMPTY."""
        if self.stack:
            return self.stack[-1]
        if self.fresh:
            if self.turned:
                return sequence.before(self.end, objects) if self.end >= 0 else UNKNOWN
            if self.last < 0:
                return sequence.first()
            return sequence.after(self.last, objects)
        if self.unknown:
            return UNKNOWN
        return self.under[-1] if self.under else EMPTY

    def take(self, slot: int, sequence: Sequence, objects: int) -> None:
        """Take `slot`, which is next or which nothing decided; learn the sequence from it."""
        if self.stack:
            if self.stack[-1] == slot:
                self.stack.pop()
            else:
                self.stack.remove(slot)
        elif self.fresh:
            self._take_fresh(slot, sequence, objects)
        elif slot in self.under:
            # Nothing unknown was left on top of it.
            self.unknown = False
            del self.under[self.under.index(slot) :]

    def _take_fresh(self, slot: int, sequence: Sequence, objects: int) -> None:
        whole = not self.unsure and objects == sequence.objects
        self.fresh -= 1
        if self.turned:
            if whole and self.end >= 0:
                sequence.learn(slot, self.end)
            self.end = slot
        else:
            if whole and self.last >= 0:
                sequence.learn(self.last, slot)
            elif self.last < 0 and self.end < 0:
                # The sequence goes round: the last slot of a new slab comes before its first.
                self.end = slot
            self.last = slot
        if whole and not self.fresh and self.last >= 0 and self.end >= 0:
            sequence.learn(self.last, self.end)

    def order(self, sequence: Sequence, objects: int) -> Iterator[int]:
        """Yield the slots as they will be taken; UNKNOWN once where nothing tells which."""
        yield from reversed(self.stack)
        at = self.end if self.turned else self.last
        for _ in range(self.fresh):
            if at >= 0:
                at = sequence.before(at, objects) if self.turned else sequence.after(at, objects)
            yield at
        if self.unknown:
            yield UNKNOWN
        yield from reversed(self.under)

    def bottom(self, sequence: Sequence, objects: int) -> int:
        """Return the slot that would come last, UNKNOWN where the sequence does not tell."""
        at = UNKNOWN
        for slot in self.order(sequence, objects):
            at = slot
        if at >= 0 or not self.fresh or self.unknown or self.under:
            return at
        far = self.last if self.turned else self.end
        if far < 0:
            return UNKNOWN
        return sequence.after(far, objects) if self.turned else sequence.before(far, objects)

    def reverse(self) -> None:
        """Turn the list round."""
        if self.fresh and self.unknown:
            self.fresh = 0
        self.turned = not self.turned
        self.stack, self.under = self.under, self.stack
        self.stack.reverse()
        self.under.reverse()

    def tentative(self, sequence: Sequence) -> bool:
        """Say whether the next slot is a fresh one whose place was seen only once before."""
        if self.stack or not self.fresh:
            return False
        if not self.turned:
            return self.last >= 0 and sequence.seen[self.last] < 2
        slot = sequence.predecessor[self.end] if self.end >= 0 else UNKNOWN
        return slot >= 0 and sequence.seen[slot] < 2

    def put(self, slot: int) -> None:
        """Put a freed slot in front."""
        self.stack.append(slot)

    def put_under(self, other: Freelist) -> None:
        """Append what another list holds, which must be no fresh slots."""
        self.under[:0] = other.under + other.stack
        self.unknown = self.unknown or other.unknown

    def discard(self, slot: int) -> bool:
        """Take a freed slot out, wherever it lies; say whether it was here."""
        for slots in (self.stack, self.under):
            if slot in slots:
                slots.remove(slot)
                return True
        return False

    def holds(self, slot: int, sequence: Sequence, objects: int) -> bool:
        """Say whether `slot` is known to be here."""
        return self.before(slot, sequence, objects) is not None

    def before(self, slot: int, sequence: Sequence, objects: int) -> list[int] | None:
        """Return the slots that come before `slot`, or None if it is not known to be here."""
        found: list[int] = []
        for each in self.order(sequence, objects):
            if each == slot:
                return found
            if each < 0:
                return None
            found.append(each)
        return None

    def take_below(self, slot: int, sequence: Sequence, objects: int, turns: bool = False) -> bool:
        """Take `slot` and leave what lies in front of it; False if that cannot be done.

        `turns`: what was below turns round, as it did before anything was put in front.
        """
        above = self.before(slot, sequence, objects)
        count = len(above) if above is not None else 0
        if self.stack[len(self.stack) - count :][::-1] != above:
            return not turns and self.discard(slot)
        del self.stack[len(self.stack) - count :]
        self.take(slot, sequence, objects)
        if turns:
            self.reverse()
        self.stack += above[::-1]
        return True

    def skip_to(self, slot: int, sequence: Sequence, objects: int) -> None:
        """Take `slot` and everything before it, as when allocations print no line."""
        if self.fresh and self.tentative(sequence):
            self.take(slot, sequence, objects)
            return
        skipped = self.before(slot, sequence, objects)
        if slot in self.stack:
            del self.stack[self.stack.index(slot) :]
        elif slot in self.under:
            self.stack, self.fresh, self.unknown = [], 0, False
            del self.under[self.under.index(slot) :]
        elif self.fresh:
            from_stack = len(self.stack)
            self.stack.clear()
            self.unsure = self.unsure or skipped is None
            self.fresh -= 1 if skipped is None else len(skipped) - from_stack + 1
            if self.turned:
                self.end = slot
            else:
                self.last = slot
