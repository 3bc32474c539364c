"""Whatever the simulated cache is sure of, an allocator written apart from it does."""

from __future__ import annotations

import random

import pytest

from tests.mm.sheaf_kernel import SheafKernel, Thing
from tracekit.mm.slub import CacheRules, Slab
from tracekit.mm.slub_freelist import Sequence
from tracekit.mm.slub_sheaf_cache import SheafCache


class Follower:
    """Drives a simulated cache with what the oracle did, as a log shows it."""

    def __init__(self, kernel: SheafKernel, cache: SheafCache) -> None:
        self.kernel, self.cache = kernel, cache
        self.slabs: dict[int, Slab] = {}
        self.fresh: set[int] = set()
        self.sure = self.wrong = 0

    def alloc(self, cpu: int) -> Thing:
        name, slot = self.kernel.alloc(cpu)
        slab, expected = self.cache.predict(cpu)
        self.fresh.update(self.kernel.made)
        known = self.slabs.get(name)
        if slab is not None and expected >= 0 and not self.cache.tentative(cpu):
            self.sure += 1
            self.wrong += (slab, expected) != (known, slot)
        if known is None:
            made = name in self.kernel.made
            self.slabs[name] = self.cache.adopt_new(cpu, name, self.kernel.objects, slot, made=made)
        elif slab is known and expected in (slot, -1):
            self.cache.commit(cpu, known, slot)
        else:
            self.cache.adopt(cpu, known, slot)
        return name, slot

    def free(self, cpu: int, thing: Thing) -> None:
        self.kernel.free(cpu, thing)
        self.cache.free(cpu, self.slabs[thing[0]], thing[1])
        for name in self.kernel.gone:
            slab = self.slabs.pop(name, None)
            if slab is not None and name in self.cache.slabs:
                self.cache.discard(slab)


def run(seed: int, *, steps: int, before: int, cpus: int) -> Follower:
    """Let the oracle run `before` steps alone, and then follow it."""
    chance = random.Random(seed)
    objects, capacity = chance.choice([(4, 6), (8, 6), (16, 12), (5, 12), (42, 60)])
    kernel = SheafKernel(objects, capacity, 2, seed)
    cache = SheafCache(Sequence(objects), CacheRules(min_partial=2), capacity, old=before > 0)
    follower = Follower(kernel, cache)
    live: list[Thing] = []
    for step in range(before + steps):
        cpu = chance.randrange(cpus)
        growing = chance.random() < (0.75 if step // 300 % 2 else 0.35)
        if step < before:
            if growing or not live:
                live.append(kernel.alloc(cpu))
            else:
                kernel.free(cpu, live.pop(chance.randrange(len(live))))
            if step == before - 1:
                known = {name: cache.add_old(name, objects) for name in kernel.free_slots}
                follower.slabs.update(known)
        elif growing or not live:
            live.append(follower.alloc(cpu))
        else:
            follower.free(cpu, live.pop(chance.randrange(len(live))))
    return follower


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cpus", [1, 2])
def test_a_cache_seen_from_its_first_object_on(seed: int, cpus: int) -> None:
    follower = run(seed, steps=3000, before=0, cpus=cpus)
    assert follower.sure > 600
    assert follower.wrong == 0
    census = follower.cache.census()
    kernel = follower.kernel
    free = sum(len(kernel.free_slots[name]) for name in kernel.partial)
    assert census is None or census[1] == free


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cpus", [1, 2])
def test_a_cache_in_use_before(seed: int, cpus: int) -> None:
    follower = run(seed, steps=3000, before=500, cpus=cpus)
    assert follower.sure > 0
    assert follower.wrong == 0
