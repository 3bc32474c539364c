"""Removes lines that a console printed twice.

While a boot console and the real console drive the same port each line comes out twice; when
the real one takes over, the kernel may print its whole buffer to it again.
"""

from __future__ import annotations

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
    keys = list(zip(messages.times, messages.texts, strict=True))
    first: dict[tuple[float | None, str], int] = {}
    kept = [True] * len(keys)
    index = 0
    while index < len(keys):
        earlier = first.setdefault(keys[index], index)
        length = _replay(keys, earlier, index) if earlier < index - _REPLAY else 0
        kept[index : index + length] = [False] * length
        index += max(length, 1)
    messages.keep(kept)


def _replay(keys: list[tuple[float | None, str]], earlier: int, index: int) -> int:
    """Return how many lines from ``index`` on are a second printing of those from ``earlier``.

    0 unless the stretch is repeated up to the very line before ``index``: a reboot prints the
    same first lines, but much else comes in between.
    """
    length = 0
    while earlier + length < index < len(keys) - length and (
        keys[earlier + length] == keys[index + length]
    ):
        length += 1
    if earlier + length < index or length < _REPLAY:
        return 0
    # register_console() in kernel/printk/printk.c says so just before it prints it all again
    return length if any("onsole [" in text for _, text in keys[index - _NEAR : index]) else 0
