"""A plain allocator with sheaves, written apart from the simulated one: the tests' oracle."""

from __future__ import annotations

import random
from collections import deque

MAX_FULL = 10

Thing = tuple[int, int]


class SheafKernel:
    """Hands out (slab, slot); `made` tells whether the last request made slabs."""

    def __init__(self, objects: int, capacity: int, min_partial: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.objects, self.capacity, self.min_partial = objects, capacity, min_partial
        self.order = self.random.sample(range(objects), objects)
        self.main: dict[int, list[Thing]] = {0: [], 1: []}
        self.spare: dict[int, list[Thing]] = {0: [], 1: []}
        self.barn: list[list[Thing]] = []
        self.free_slots: dict[int, deque[int]] = {}
        self.partial: list[int] = []
        self.names = 0
        self.made: list[int] = []
        self.gone: list[int] = []

    def alloc(self, cpu: int) -> Thing:
        self.made = []
        if not self.main[cpu]:
            if self.spare[cpu]:
                self.main[cpu], self.spare[cpu] = self.spare[cpu], []
            elif self.barn:
                self.main[cpu] = self.barn.pop()
            else:
                self.main[cpu] = self._refill()
        return self.main[cpu].pop()

    def _refill(self) -> list[Thing]:
        sheaf: list[Thing] = []
        while self.partial and len(sheaf) < self.capacity:
            name = self.partial.pop(0)
            slots = self.free_slots[name]
            while slots and len(sheaf) < self.capacity:
                sheaf.append((name, slots.popleft()))
            if slots:
                self.partial.append(name)
        while len(sheaf) < self.capacity:
            self.names += 1
            self.made.append(self.names)
            at = self.random.randrange(self.objects)
            fresh = deque(self.order[at:] + self.order[:at])
            while fresh and len(sheaf) < self.capacity:
                sheaf.append((self.names, fresh.popleft()))
            self.free_slots[self.names] = fresh
            if fresh:
                self.partial.insert(0, self.names)
        return sheaf

    def free(self, cpu: int, thing: Thing) -> None:
        self.gone = []
        if len(self.main[cpu]) == self.capacity:
            if len(self.spare[cpu]) < self.capacity:
                self.main[cpu], self.spare[cpu] = self.spare[cpu], self.main[cpu]
            elif len(self.barn) < MAX_FULL:
                self.barn.append(self.main[cpu])
                self.main[cpu] = []
            else:
                flushed, self.spare[cpu], self.main[cpu] = self.spare[cpu], self.main[cpu], []
                self._flush(flushed)
        self.main[cpu].append(thing)

    def _flush(self, sheaf: list[Thing]) -> None:
        while sheaf:
            name = sheaf[-1][0]
            taken, kept, others = [], [], 0
            for thing in reversed(sheaf):
                if others < 3 and thing[0] == name:
                    taken.append(thing[1])
                else:
                    others += others < 3 and thing[0] != name
                    kept.append(thing)
            sheaf = self._as_swapped(sheaf, name)
            self._free_slots(name, taken)

    def _as_swapped(self, sheaf: list[Thing], name: int) -> list[Thing]:
        """Return what is left, in the order that build_detached_freelist() leaves it."""
        things, same = list(sheaf), len(sheaf) - 1
        others = 0
        for at in range(len(sheaf) - 2, -1, -1):
            if things[at][0] == name:
                same -= 1
                things[at], things[same] = things[same], things[at]
            else:
                others += 1
                if others == 3:
                    break
        return things[:same]

    def _free_slots(self, name: int, slots: list[int]) -> None:
        free = self.free_slots[name]
        was_full = not free
        free.extendleft(slots)
        if len(free) == self.objects and len(self.partial) >= self.min_partial:
            if not was_full:
                self.partial.remove(name)
            self.gone.append(name)
        elif was_full:
            self.partial.append(name)
