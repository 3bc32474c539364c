"""Finds the boots in one file: a serial console or a journal often holds several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tracekit.capture.prefixes import Messages

_BANNER = re.compile(r"Linux version \d+\.\d+")
_MEMORY = re.compile(r"Memory: \d+[kKM]")
# what may stand before the banner of the same boot in a log without times
_BEFORE_BANNER = re.compile(
    r"Booting Linux on |Initializing cgroup subsys |Uncompressing Linux|Preparing to boot "
    r"|klogd \d|Cannot find map file|No module symbols|Inspecting |Loaded \d+ symbols|Symbols match"
    r"|PROMLIB: |PROM|ARCH: |printk: |bootconsole |random: |Activating Kernel |\Z"
)


def is_banner(text: str) -> bool:
    """Whether a message is the line that every kernel prints first or near its first."""
    return _BANNER.match(text) is not None


def split(messages: Messages) -> tuple[range, list[range]]:
    """Return the indexes of the boot to replay, and of the others in the same file.

    The one to replay is the last that got as far as its ``Memory:`` line, else the last.
    """
    banners = [index for index, text in enumerate(messages.texts) if is_banner(text)]
    starts = [_start(messages, banner) for banner in banners]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    parts = [range(start, end) for start, end in pairwise([*starts, len(messages.texts)])]
    whole = [part for part in parts[-len(banners) :] if _reached_memory(messages.texts, part)]
    chosen = (whole or parts)[-1]
    others = [part for part in parts if part != chosen]
    return chosen, [part for part in others if any(messages.texts[index] for index in part)]


def _reached_memory(texts: Sequence[str], part: range) -> bool:
    return any(_MEMORY.match(texts[index]) for index in part)


def _start(messages: Messages, banner: int) -> int:
    """Return where the boot begins whose banner is at ``banner``.

    Some architectures print before it: with times those lines show a time no later than the
    banner's (or none, where firmware printed them), without times they are known by wording.
    """
    time = messages.times[banner]
    if time is None:
        return _start_by_wording(messages.texts, banner)
    start = banner
    while start > 0 and not is_banner(messages.texts[start - 1]):
        earlier = messages.times[start - 1]
        if earlier is not None and earlier > time:
            break
        start -= 1
    if start > 0 and is_banner(messages.texts[start - 1]):
        # nothing in between has a later time: the boot before it died young
        return _start_by_wording(messages.texts, banner)
    return start


def _start_by_wording(texts: Sequence[str], banner: int) -> int:
    if not any(is_banner(text) for text in texts[:banner]):
        return 0
    start = banner
    while start > 0 and _BEFORE_BANNER.match(texts[start - 1]):
        start -= 1
    return start
