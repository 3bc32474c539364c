"""What a boot offers for telling its kernel's features: log lines, event formats, kconfig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tracekit.events.base import Event


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts that features are detected from.

    ``rules`` are the names of the grammar rules that read at least one line, ``formats`` maps
    a trace event to the names of its fields, ``config`` maps a kconfig symbol (with CONFIG_)
    to its value; what is not set is absent.
    """

    events: Sequence[Event] = ()
    rules: frozenset[str] = frozenset()
    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
