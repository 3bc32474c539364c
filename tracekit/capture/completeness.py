"""Says what is missing from a log, as far as the log itself gives it away.

Each check rests on what every kernel prints: the version banner comes first or after a few
early lines, a command line and a handful of tables follow, ``Freeing unused kernel memory`` or
the start of init ends the boot. Holes in time and a missing last newline prove nothing: devices
make a boot wait, and editors cut newlines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracekit.capture.boots import is_banner
from tracekit.capture.prefixes import Messages

_LOST = re.compile(
    r"\*\* (?P<console>\d+) printk messages dropped|printk: dropped (?P<buffer>\d+) messages"
    r"|(?:printk: )?(?P<older>\d+) messages? dropped|Missed (?P<journal>\d+) kernel messages"
    r"|(?:imklog|imkmsg).*?(?P<syslog>\d+) messages lost"
)
_ELIDED = re.compile(
    r"[\[<(]*(?:\.{3,6}|…)(?: ?(?:snip|cut|skip(?:ped)?|omitted)[.…]*)?[\])>]*\Z"
    r"|[\[<(-]{1,2} ?(?:snip|cut|skip(?:ped)?|omitted) ?[\])>-]{1,2}\Z"
    r"|[-= ]*(?:8<|>8|>%|%<)[->%<8= ]*\Z",
    re.IGNORECASE,
)
_INIT = ("Freeing unused", "Freeing init", "Run /", "systemd[1]: ")
_DEATH = (
    "Kernel panic",
    "Internal error",
    "Oops",
    "Unable to handle kernel",
    "BUG: ",
    "kernel BUG at",
    "---[ end ",
    "Rebooting in ",
    "reboot: ",
)
# printed by every kernel between its banner and the first process, whatever the architecture:
# start_kernel() in init/main.c, mem_init() and vfs_caches_init_early()
_MILESTONE_NAMES = (
    ("Kernel command line: ",),
    ("Memory: ",),
    ("Dentry cache hash table entries: ", "Dentry-cache hash table entries: "),
    ("Inode-cache hash table entries: ",),
)
_MILESTONES = tuple(name for names in _MILESTONE_NAMES for name in names)
_FRAGMENT = re.compile(
    r"<\d{0,3}\Z|\[ *[\d.]*\Z"
    r"|\s*(?:__)?memblock_\w+:(?: \[0x[\da-fx\-]*| \d* ?b?y?t?e?s?(?: [\w]+=[\w\-]*)*)?\Z"
    r"|\s*(?:memory|reserved)\[0x[\da-f]*(?:\]\s*\[?[\da-fx\-]*)?\Z"
)


def missing(messages: Messages, part: range, ends: bool) -> list[str]:
    """Return one sentence for each gap in the boot ``part``: what is missing, how it shows.

    ``ends`` says whether the last line of the part has its line end.
    """
    texts = messages.texts[part.start : part.stop]
    numbers = messages.numbers[part.start : part.stop]
    checks = (_head(texts, numbers), _lost(texts, numbers), _middle(texts, numbers))
    problems = [problem for check in checks for problem in check]
    problems += _tail(texts, numbers, ends)
    return problems


def is_landmark(text: str) -> bool:
    """Return whether a log is judged by this message: without it, it might seem to be cut."""
    return (
        is_banner(text)
        or text.lstrip().startswith(_INIT + _DEATH + _MILESTONES)
        or _LOST.search(text) is not None
        or _ELIDED.match(text, _indent(text)) is not None
    )


def _head(texts: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    if not any(is_banner(text) for text in texts):
        first = f"line {numbers[0]}" if numbers else "its start"
        yield (
            f"The beginning is missing: {first} is not where a kernel starts, and no line says "
            "'Linux version'; the log buffer may have overflowed (log_buf_len=4M makes it larger)."
        )


def _lost(texts: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    for text, number in zip(texts, numbers, strict=True):
        if "messages" in text:
            lost = _LOST.search(text)
            if lost:
                count = next(group for group in lost.groups() if group)
                yield f"{count} messages are missing before line {number}, which says so."
        elif len(text) < 24 and _ELIDED.match(text, _indent(text)):
            yield f"Lines are missing at line {number}: somebody left them out ('{text.strip()}')."


def _indent(text: str) -> int:
    """Return up to two leading blanks; stack dumps print dots of their own further right."""
    return min(len(text) - len(text.lstrip()), 2)


def _middle(texts: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    """Tell a hole by two or more milestones that a boot which got further has not printed."""
    banner = next((index for index, text in enumerate(texts) if is_banner(text)), None)
    reached = [index for index, text in enumerate(texts) if text.startswith(_INIT)]
    if banner is None or not reached:
        return
    printed = [text for text in texts if text.startswith(_MILESTONES)]
    absent = [
        names[0].strip(" :")
        for names in _MILESTONE_NAMES
        if not any(text.startswith(names) for text in printed)
    ]
    if len(absent) >= 2:
        yield (
            f"Lines are missing between line {numbers[banner]} and line {numbers[reached[0]]}: "
            f"every kernel prints '{absent[0]}' and '{absent[1]}' there, this log does not."
        )


def _tail(texts: Sequence[str], numbers: Sequence[int], ends: bool) -> Iterator[str]:
    if not texts:
        return
    if not ends and _FRAGMENT.match(texts[-1]):
        yield f"The file is cut in the middle of line {numbers[-1]}."
    ended = any(text.lstrip().startswith(_INIT + _DEATH) for text in texts)
    if not ended and any(is_banner(text) for text in texts):
        yield (
            f"The end is missing: line {numbers[-1]} is the last, "
            "and no line before it says that the kernel started init or died."
        )
