"""What differs besides the budget: the setting, zones, divergences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tracekit.compare.change import Change
from tracekit.compare.side import Side, identity, options
from tracekit.events.mm_init import ZoneRangeLine


def setting_changes(a: Side, b: Side) -> list[Change]:
    """Return what differs around the boots: kernel, machine, command line, configuration."""
    one, two = identity(a), identity(b)
    known = [name for name in one if one[name] is not None and two[name] is not None]
    changes = list(_words("setting", "boot", _only(one, known), _only(two, known)))
    changes += _words("setting", "command line", options(a), options(b))
    old, new = a.boot.kernel.evidence.config, b.boot.kernel.evidence.config
    if old and new:
        changes += _words("setting", "configuration", old, new)
    return changes


def _only(facts: Mapping[str, str | None], names: list[str]) -> dict[str, str | None]:
    """Return the facts of these names: what one log does not say is no difference."""
    return {name: facts[name] for name in names}


def _words(
    area: str, kind: str, before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Change(area, kind, name, old, new, is_bytes=False)


def not_comparable(a: Side, b: Side) -> list[str]:
    """Return why two boots are hard to compare; empty where they are comparable."""
    reasons = []
    one, two = a.boot.kernel, b.boot.kernel
    if one.arch != two.arch:
        reasons.append(f"architectures differ: {one.arch} and {two.arch}")
    if one.page_size and two.page_size and one.page_size != two.page_size:
        reasons.append(f"page sizes differ: {one.page_size} and {two.page_size} bytes")
    early = [side.name for side in (a, b) if side.memory_line is None]
    reasons += [f"{name} has no Memory: line: no sizes are compared" for name in early]
    details = {side.budget.detail if side.budget else "no sizes" for side in (a, b)}
    if len(details) > 1 and not early:
        reasons.append("only one of the logs was made with memblock=debug: compared coarsely")
    reasons += [
        f"{side.name} is incomplete: {problem}"
        for side in (a, b)
        for source in side.boot.sources
        if not source.complete
        for problem in source.problems
    ]
    return reasons


def zone_changes(a: Side, b: Side) -> Iterator[Change]:
    """Yield zones whose limits differ, as the log prints them."""
    one, two = _zones(a), _zones(b)
    if one and two:
        yield from _words("zones", "zone", one, two)


def _zones(side: Side) -> dict[str, str | None]:
    return {
        event.zone: f"[{event.start:#x}-{event.end - 1:#x}]" if event.end else "empty"
        for event in side.boot.of(ZoneRangeLine)
    }


def divergence_changes(a: Side, b: Side) -> Iterator[Change]:
    """Yield errors and warnings that appear or vanish, told apart by their signature."""
    one = Counter(d.signature for d in a.replay.loud)
    two = Counter(d.signature for d in b.replay.loud)
    titles = {d.signature: f"{d.code} {d.subject}" for s in (a, b) for d in s.replay.loud}
    for signature in sorted(one.keys() | two.keys()):
        if one[signature] != two[signature]:
            old, new = (str(n) if n else None for n in (one[signature], two[signature]))
            yield Change("divergences", "divergence", titles[signature], old, new, is_bytes=False)
