"""Possible states of the remap allocator, narrowed by each line of the log.

Some numbers that decide where things go are never printed (the sizes of struct page and of
pg_data_t), and after a divergence either the line or the rule may be right. So several
worlds are kept, each with one choice of these, and every line drops those that it refutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from tracekit.events.base import Event
from tracekit.replay.ledger import Ledger

KIND = "remap"
# A log that is wrong in many places would double the worlds at each of them.
MOST_WORLDS = 512
Value = tuple[int | str | None, ...]
Predict = Callable[["World"], Value | None]
Adopt = Callable[["World", Value], "World"]


@dataclass(frozen=True, slots=True)
class Area:
    """What one node gives up: pages, and the first pfn of them."""

    pages: int
    pfn: int


@dataclass(frozen=True, slots=True)
class World:
    """One possible state.

    `struct_page` and `pgdat` are bytes. `areas` are the nodes' areas in the order in which
    they were made, `kva_start` the first pfn that they are mapped over; from 3.0 on each
    area has an address of its own in `mapped`.
    """

    struct_page: int
    pgdat: int
    areas: tuple[tuple[int, Area], ...] = ()
    kva_start: int | None = None
    mapped: tuple[tuple[int, int], ...] = ()

    def area(self, nid: int) -> Area | None:
        """A node's area."""
        return dict(self.areas).get(nid)

    def offset(self, nid: int) -> int:
        """Pages of the areas made before that of the node."""
        total = 0
        for other, area in self.areas:
            if other == nid:
                break
            total += area.pages
        return total

    @property
    def total(self) -> int:
        """Pages of all areas."""
        return sum(area.pages for _, area in self.areas)

    def with_area(self, nid: int, area: Area) -> World:
        """The world in which a node's area is this one."""
        kept = tuple((n, a) for n, a in self.areas if n != nid)
        return replace(self, areas=(*kept, (nid, area)))

    def with_mapping(self, nid: int, address: int) -> World:
        """The world in which a node's area is mapped to this address."""
        kept = tuple((n, a) for n, a in self.mapped if n != nid)
        return replace(self, mapped=(*kept, (nid, address)))


@dataclass(slots=True)
class Worlds:
    """The worlds that the log has not refuted, and the ledger that checks are entered in."""

    ledger: Ledger
    possible: list[World] = field(default_factory=list)

    def check(
        self,
        code: str,
        event: Event,
        subject: str,
        logged: Value,
        predict: Predict,
        adopt: Adopt | None = None,
        words: str = "{}",
        unknown: str = "the log does not give what this follows from",
    ) -> None:
        """Compare one line with what each world predicts, and go on with those it bears out.

        `adopt` makes the world in which a value is true, for what later lines follow from.
        """
        pairs = [(world, predict(world)) for world in self.possible]
        values = list(dict.fromkeys(value for _, value in pairs if value is not None))
        if logged in values:
            self._agreed(len(values))
            keep = [(w, v) for w, v in pairs if v in (logged, None)]
        elif not values:
            self.ledger.unchecked(KIND, unknown)
            keep = pairs
        else:
            self._diverged(code, event, subject, logged, values, words)
            keep = [*pairs, *((w, logged) for w, _ in pairs)]
        self.possible = self._adopted(keep, logged, adopt)

    def _adopted(
        self, keep: Sequence[tuple[World, Value | None]], logged: Value, adopt: Adopt | None
    ) -> list[World]:
        if adopt is None:
            worlds = [world for world, _ in keep]
        else:
            worlds = [adopt(w, logged if v is None else v) for w, v in keep]
        distinct = list(dict.fromkeys(worlds))
        return distinct[:: len(distinct) // MOST_WORLDS + 1]

    def _agreed(self, choices: int) -> None:
        if choices == 1:
            self.ledger.matched(KIND)
        else:
            self.ledger.inferred(KIND)

    def _diverged(
        self,
        code: str,
        event: Event,
        subject: str,
        logged: Value,
        values: Sequence[Value],
        words: str,
    ) -> None:
        expected = [words.format(*map(_number, value)) for value in values]
        self.ledger.diverged(
            KIND,
            code,
            event.source,
            subject,
            logged=words.format(*map(_number, logged)),
            simulated=" or ".join(dict.fromkeys(expected)),
        )


def _number(value: int | str | None) -> str:
    return f"{value:#x}" if isinstance(value, int) else str(value)


def first_worlds(struct_pages: Sequence[int], pgdats: Sequence[int]) -> list[World]:
    """A world for each choice of the sizes that the log does not print."""
    return [World(page, pgdat) for page, pgdat in product(struct_pages, pgdats)]
