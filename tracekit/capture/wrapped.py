"""Joins the lines that a mail program broke.

A line is joined to the one before it only where it cannot stand on its own: it continues a
memory message whose shape asks for more, or, in a log whose messages all have a stamp, it has
none and its first word would not have fitted on the line before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from tracekit.capture.prefixes import Messages

_FUNCTION = r"[A-Za-z_.][\w.]*\+0x[\da-f]+"
# (what a broken message looks like, what must follow); taken from the shapes in mm/memblock.c,
# mm/percpu.c, mm/mm_init.c, kernel/crash_core.c and the EFI memory map printers
_SHAPES = (
    (
        r"\s*(?:__)?memblock_\w+: \d+(?: bytes(?: align=\S+)?(?: nid=\S+)?(?: from=\S+)?"
        r"(?: max_addr=\S+)?)?\Z",
        rf"bytes |align=|nid=|from=|max_addr=|{_FUNCTION}",
    ),
    (r"\s*(?:__)?memblock_\w+:\Z", r"\[0x|\d+ bytes"),
    (
        r"\s*(?:__)?memblock_\w+: \[0x[\da-f]+-0x[\da-f]+\]"
        r"(?: flags:? \S+| nid=\S+(?: flags=\S+)?)?\Z",
        rf"{_FUNCTION}|flags|nid=",
    ),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\Z", r"\[0x"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s+\[\S+\],\Z", r"0x[\da-f]+"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s+\[\S+\], 0x[\da-f]+\Z", r"bytes"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s.* bytes\Z", r"on node|flags:"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s.* on\Z", r"node \d"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s.* node\Z", r"\d+\b"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s.* on node \d+\Z", r"flags:"),
    (r"\s*(?:memory|reserved|physmem)\[0x[\da-f]+\]\s.* flags:\Z", r"0x[\da-f]+"),
    (r"\s*memory size = \S+(?: reserved(?: size(?: =)?)?)?\Z", r"reserved size|size|=|0x"),
    (r".*\[mem(?: 0x[\da-f]+-)?\Z", r"0x[\da-f]+"),
    (r".*\b0x[\da-f]+ ?-\Z", r"0x[\da-f]+"),
    (r"Memory: [^()]*(?:\([^()]*)?\Z", r"[\dKk, a-z\-]+[,)]|available"),
    (r"efi: .*\[[^\]]*\Z", r"[^\[\]]*\]"),
    (r".*hash table entries: \d+\Z", r"\(order"),
    (r".*hash table entries: .*\([^()]*\Z", r"[^()]*\)"),
    (r"pcpu-alloc: s\d+(?: r\d+)?(?: d\d+)?(?: u\d+)?\Z", r"[rdu]\d+ |alloc="),
    (r"e820: (?:update|remove) \[mem [^\]]*\] \w[\w ]* ==>\Z", r"[a-zA-Z]"),
    (r"Built \d+ zonelists.*(?:grouping(?: on\.| off\.)?|Total|pages:)\Z", r"o[nf]|Total|\d"),
)
# how nearly every rest begins, and the messages whose rests begin in any way: a quick test
_REST = (
    r"\[0x|\d|=|bytes|(?:align|nid|from|max_addr)=|flags|on node|node|reserved|size"
    rf"|{_FUNCTION}"
)
_OPEN_ENDED = ("Memory: ", "efi: ", "e820: ", "Built ", "pcpu-alloc: ")
_OWN_LINE = (
    r"\.{2,}|\[\.{2,}|\[? *\.\.\. |[-=*#_]{3,}|[#$>] |:: |\[ *(?:OK|FAILED) *\]|[\w-]+@[\w-]+[:~]"
    r"|\S+ wrote:|(?:From|To|Subject|Date|Cc): "
    r"|\s{10}"  # dmesg indents the further lines of one message by the width of the stamp
)
_COMPLETE = (
    rf"\s*(?:__)?memblock_.*{_FUNCTION}/0x[\da-f]+\Z"
    r"|\s*(?:memory|reserved|physmem)\[.*flags:? 0x[\da-f]+\Z"
)
_MOST = 0.6
_RAGGED = 8


def rejoin(messages: Messages) -> int:
    """Join broken messages in place; return the number of lines that became part of others."""
    texts, stamped = messages.texts, messages.stamped
    bare = [index for index, text in enumerate(texts) if text and not stamped[index]]
    candidates = [index for index in bare if index and texts[index - 1]]
    if not candidates:
        return 0
    asked = _asked_for(texts, candidates)
    # a log whose messages have stamps: a line without one is no message of its own
    overflows = frozenset[int]()
    if sum(stamped) >= len(bare) - len(asked):
        overflows = _overflowing(messages, candidates)
    kept = [True] * len(texts)
    head = -1
    for index in candidates:
        if kept[index - 1]:
            head = index - 1
        if _continues(texts[head], texts[index]) or (
            index in overflows and not re.match(_COMPLETE, texts[head])
        ):
            texts[head] = _join(texts[head], texts[index])
            kept[index] = False
    messages.keep(kept)
    return len(kept) - sum(kept)


def _asked_for(texts: Sequence[str], candidates: Sequence[int]) -> frozenset[int]:
    """Return the candidates that the shape of the line before, or of the lines, asks for."""
    asked = set()
    head, joined = -1, ""
    for index in candidates:
        if head != index - 1 or not joined:
            joined = texts[index - 1]
        if _continues(joined, texts[index]):
            asked.add(index)
            head, joined = index, _join(joined, texts[index])
        else:
            joined = ""
    return frozenset(asked)


def _continues(broken: str, rest: str) -> bool:
    """Whether ``rest`` is what the shape of ``broken`` still asks for."""
    rest = rest.lstrip()
    open_ended = broken.startswith(_OPEN_ENDED) or "hash table entries" in broken
    if not open_ended and not re.match(_REST, rest):
        return False
    return any(shape.match(broken) and wanted.match(rest) for shape, wanted in _shapes())


@cache
def _shapes() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    return [(re.compile(broken), re.compile(rest)) for broken, rest in _SHAPES]


def _join(broken: str, rest: str) -> str:
    if re.search(r"[\da-f]-\Z", broken):
        return broken + rest.lstrip()
    return f"{broken} {rest.lstrip()}"


def _overflowing(messages: Messages, candidates: list[int]) -> frozenset[int]:
    """Return the candidates whose first word did not fit on the line before.

    Empty where most lines without a stamp would have fitted: then the log was not wrapped,
    and they are a console's other output.
    """
    follow = [index for index in candidates if messages.stamped[index - 1]]
    if len(follow) < 2:
        return frozenset()
    widths = sorted(messages.widths[index - 1] for index in follow)
    limit = widths[len(widths) * 95 // 100]
    overflows = frozenset(index for index in candidates if _overflows(messages, index, limit))
    if sum(1 for index in follow if index in overflows) < _MOST * len(follow):
        return frozenset()
    return overflows


def _overflows(messages: Messages, index: int, limit: int) -> bool:
    before, text = messages.widths[index - 1], messages.texts[index]
    if before > limit + _RAGGED or re.match(_OWN_LINE, text):
        return False
    return before + 1 + len(text.split(None, 1)[0]) > limit
