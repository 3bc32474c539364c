"""/sys/kernel/slab as a capture keeps it: what defines each cache, and which names share one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["CacheDefinition", "parse_slab_links", "parse_slab_sysfs"]


@dataclass(frozen=True, slots=True)
class CacheDefinition:
    """One cache under its unique name; sizes and alignment in bytes.

    Of its files only those are kept that define the cache; its counters are state.
    """

    name: str
    object_size: int
    slab_size: int
    objs_per_slab: int
    order: int
    min_partial: int
    cpu_partial: int
    align: int
    aliases: tuple[str, ...] = field(default=())


def parse_slab_sysfs(text: str, links: dict[str, str] | None = None) -> list[CacheDefinition]:
    """Return the caches of a `slab_sysfs` file; `links` maps alias names to unique names.

    A cache that lacks one of its defining files is left out.
    """
    aliases: dict[str, list[str]] = {}
    for alias, unique in (links or {}).items():
        aliases.setdefault(unique, []).append(alias)
    sections = _sections(text)
    return [
        CacheDefinition(
            name,
            **{key: int(facts[key]) for key in _DEFINING},
            aliases=tuple(aliases.get(name, ())),
        )
        for name, facts in sections
        if all(facts.get(key, "").isdigit() for key in _DEFINING)
    ]


_DEFINING = (
    "object_size",
    "slab_size",
    "objs_per_slab",
    "order",
    "min_partial",
    "cpu_partial",
    "align",
)


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    name, facts = "", dict[str, str]()
    for line in text.splitlines():
        if line.startswith("== "):
            if name:
                yield name, facts
            name, facts = line[3:].strip(), {}
        else:
            key, _, value = line.partition(" ")
            facts[key] = value.strip()
    if name:
        yield name, facts


def parse_slab_links(text: str) -> dict[str, str]:
    """Return alias -> unique name from a `slab_links` file."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: pair[-1].rpartition("/")[2] for pair in pairs if len(pair) >= 2}
