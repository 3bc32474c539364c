"""Tells a kernel log from a trace of events by some hundred of its lines."""

from __future__ import annotations

import re

_TRACE_HEADER = re.compile(r"# tracer: |# entries-in-buffer|cpus=\d+\Z|#\s+TASK-PID|version = \d")
# comm-pid (tgid) [cpu] flags time: event: ; ftrace, trace-cmd report and perf script
_TRACE_LINE = re.compile(
    r"\s*(?:\| *)?\S.*?(?:-\d+|\s\d+)\s+(?:\(.{1,8}\)\s+)?\[\d{3}\]\s+"
    r"(?:[^\s:]{4,5}\s+)?(?:\d+\.\d+|\d+): +(?:\w+:)?\w+:"
)
_TRACE_EVENT = re.compile(
    r"(?:^|[\s:*])(?:kmalloc(?:_node)?|kfree|kmem_cache_(?:alloc(?:_node)?|free)|mm_page_\w+"
    r"|rss_stat|percpu_\w+): +(?:call_site|page|base_addr|reserved|mm_id)="
)
_LOG_LINE = re.compile(r"\W*\[ *\d+\.\d{6}\]|<\d>|.{0,80}kernel: |BIOS-e820|memblock_|MEMBLOCK")
_KERNEL = re.compile(
    r"\[ *\d+\.\d{6}|Linux version \d|BIOS-|memblock|MEMBLOCK|<\d>|[kK]ernel|Memory: \d|\bRAM\b"
    r"|Zone (?:PFN )?ranges:|0x[\da-f]+|\bpages\b|hash table|\b[\da-f]{8}-[\da-f]{8}\b"
)
_BANNER = re.compile(r"Linux version \d")
_SAMPLE = 400


def kind_of(text: str, sure: bool = False) -> str:
    """Return ``dmesg``, ``trace`` or ``unknown`` for the text, or the beginning, of a file.

    With ``sure`` a file is a log only when some lines can be nothing else.
    """
    lines = [line for line in text[: 1 << 16].split("\n") if line.strip()][:_SAMPLE]
    if any(_TRACE_HEADER.match(line) for line in lines[:30]):
        return "trace"
    messages = sum(1 for line in lines if _LOG_LINE.match(line))
    if 2 * messages < len(lines):
        events = sum(1 for line in lines if _TRACE_LINE.match(line) or _TRACE_EVENT.search(line))
        if events > messages and 8 * events >= len(lines):
            return "trace"
    looked = _BANNER if sure else _KERNEL
    return "dmesg" if messages or looked.search(text) else "unknown"
