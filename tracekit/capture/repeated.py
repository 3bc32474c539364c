"""Removes lines that a console printed twice.

While a boot console and the real console drive the same port each line comes out twice; when
the real one takes over, the kernel may print its whole buffer to it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq

from tracekit.capture.prefixes import Messages

_PAIRS = 8
_REPLAY = 20
_NEAR = 10


def drop_repeated(messages: Messages) -> int:
    """Remove the second copy of repeated lines in place; return how many were removed."""
    before = len(messages.texts)
    _drop_pairs(messages)
    _drop_replays(messages)
    return before - len(messages.texts)


def _drop_pairs(messages: Messages) -> None:
    """Remove the second of each two equal neighbours in stretches where every line has two."""
    texts, times = messages.texts, messages.times
    same = list(map(eq, texts, texts[1:]))
    if sum(same) < _PAIRS:
        return
    kept = [True] * len(texts)
    index = 0
    while index < len(same):
        end = index
        while end < len(same) and same[end] and times[end] == times[end + 1]:
            end += 2
        seconds = range(index + 1, end, 2)
        if len({texts[second] for second in seconds}) >= _PAIRS:
            for second in seconds:
                kept[second] = False
        index = max(end, index + 1)
    messages.keep(kept)


def _drop_replays(messages: Messages) -> None:
    """Remove a stretch that repeats, line by line, the one that ends where it starts."""
    texts, times = messages.texts, messages.times
    kept = [True] * len(texts)
    for start in _takeovers(texts):
        first = texts[start]
        if kept[start] and first in texts[: max(start - _REPLAY, 0)]:
            earlier = texts.index(first)
            again = slice(start, 2 * start - earlier)
            same = texts[earlier:start] == texts[again] and times[earlier:start] == times[again]
            if same:
                kept[again] = [False] * (start - earlier)
    if not all(kept):
        messages.keep(kept)


def _takeovers(texts: Sequence[str]) -> list[int]:
    """Return the indexes where a replay may start, each once, in order.

    A stretch counts as replayed only if it is repeated up to the very line before the replay:
    a reboot prints the same first lines, but much else comes in between. register_console()
    in kernel/printk/printk.c names the console that it enables just before it prints the
    buffer to it.
    """
    enabled = [index for index, text in enumerate(texts) if "onsole [" in text]
    near = {start for index in enabled for start in range(index + 1, index + _NEAR)}
    return sorted(start for start in near if start < len(texts))
