"""What logging programs put before a kernel message, and how it is taken off again.

A prefix has layers, each of them optional, outermost first::

    <6>    Jan 20 10:17:44 host kernel:   kern  :info  :   [    0.000000]   [    T0]   message
    level          collector                decoded          printk time    caller id

The layers are told from each line alone, so that files that mix them read well; those that
most lines of a file carry are tried first. Two layers look too much like message text and
count only where most lines carry them: the host name that journalctl -o short-monotonic puts
behind the time, and the processor and process columns of Android kernels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import compress, pairwise

_MONTH = r"[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d+)?"
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|[+-]\d\d:?\d\d|[A-Z]{3,4}))?"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_COLLECTORS = {
    "openwrt": rf"\w{{3}} {_MONTH} \d{{4}} \w+\.\w+ kernel: ",
    "syslog": rf"(?:\w{{3}} )?(?:{_MONTH}|{_ISO}) (?:\S+ )?(?:\w+\.\w+ )?kernel: |kernel: (?=\[)",
    "klogd": rf"(?:{_MONTH} )?(?:\S+ )?klogd: ",
    "logcat": r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +(?:[a-z]\S* +)?\d+ +\d+ [VDIWEF] (?: *: )?",
    "kmsg": r"\d+,\d+,\d+,[-c+](?:,[^;]*)?;",
    "grabserial": r"\[\d+\.\d{6} \d+\.\d{6}\] ",
    "logger": rf"\[?(?:{_ISO}|{_MONTH}|{_CLOCK})\]?:? (?=<\d|\[ *\d)",
}
_FACILITY = "kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|res[0-3]|local[0-7]"
_LEVEL = "emerg|alert|crit|err|warn|notice|info|debug"
_DECODED = rf"(?:{_FACILITY}) *:(?:{_LEVEL}) *: "
_TIMES = {
    "printk": r"\[ *(?P<printk>\d+\.\d{6})\]",
    "delta": r"\[ *(?P<delta>\d+\.\d{6}) <[ +]*-?\d+\.\d{6}>\]",
    "since": r"(?P<since>\[<[ +]*-?\d+\.\d{6}>\])",
    "wall": r"(?P<wall>\[[^\[\]<>]{1,30}\d\d:\d\d:\d\d \d{4}(?: <[^<>]{1,20}>)?\])",
    "relative": r"(?P<relative>\[(?:[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d| *\+\d+\.\d{6})\])",
    "vendor": r"\[ *(?P<vendor>\d+\.\d{6}) / \d\d-\d\d \d\d:\d\d:\d\d\.\d+\]",
}
_CALLER = r"\[(?=[ TC\d]{6}) *[TC]\d+\]"
# shapes that message text has too: they count where most lines carry them
_DOUBTFUL = {
    "iso": rf"{_ISO} ",
    "host": r" \S+ kernel:",
    "process": (
        r"(?: *[A-Z]?\[ ?\d+: *[^\[\]]{1,32}\]| *[-.]?\(\d\)\[\d+:[^\[\]]{1,32}\]"
        r"| ?c\d+ +(?:\d+ )?)"
    ),
}
# a stamp as printk pads it, in the middle of a line: a newline was lost before it
_EMBEDDED = re.compile(r"\[(?=[ \d.]{12,14}\]) *\d+\.\d{6}\]")
_STAMP = re.compile(r"\[ *\d+\.\d{6}\]")
_LEVEL_BEFORE = re.compile(r"<\d{1,3}>\Z")
_PASTE = " \t>|+-"
_OPENERS = tuple("<[0123456789")
_WORDS = ("kernel: ", *(f"{facility} " for facility in _FACILITY.split("|")))
_SAMPLE = 500
_PLAIN = re.compile(r"\[ *\d+\.\d{6}\] (?! ?[-.A-Z]?[\[(]|c\d|\S+ kernel:)")
_CLEAR = 0.8
_NAMES = {
    "level": "dmesg -r",
    "decoded": "dmesg -x",
    "delta": "dmesg -d",
    "since": "dmesg -d",
    "wall": "dmesg -T",
    "relative": "dmesg -e",
    "iso": "dmesg --time-format iso",
    "openwrt": "syslog",
    "vendor": "android",
    "process": "android",
    "host": "journalctl -o short-monotonic",
    "caller": "caller ids",
    "bare": "caller ids",
}
_NAMELESS = {"printk", "stamp", "inner"}
# as they stand on a line; after them those that are doubtful
_ORDER = ("level", *_COLLECTORS, "decoded", *_TIMES, "caller", "bare", *_DOUBTFUL)


@dataclass(slots=True)
class Messages:
    """Messages in order of the file, as columns of one length.

    ``numbers`` are physical lines, ``times`` printk times in seconds, ``stamped`` says
    whether a kernel prefix stood before the message, ``widths`` are those of the whole line.
    """

    numbers: list[int] = field(default_factory=list)
    times: list[float | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    stamped: list[bool] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def add(self, number: int, time: float | None, text: str, stamped: bool, width: int) -> None:
        """Append one message."""
        self.numbers.append(number)
        self.times.append(time)
        self.texts.append(text)
        self.stamped.append(stamped)
        self.widths.append(width)

    def keep(self, kept: Sequence[bool]) -> None:
        """Drop the messages whose flag in ``kept`` is False."""
        self.numbers = list(compress(self.numbers, kept))
        self.times = list(compress(self.times, kept))
        self.texts = list(compress(self.texts, kept))
        self.stamped = list(compress(self.stamped, kept))
        self.widths = list(compress(self.widths, kept))


def strip(lines: Sequence[str], numbers: Sequence[int]) -> tuple[Messages, str]:
    """Return the messages on the lines of one file, and the name of its usual prefix.

    A line whose newline was lost, or that a login prompt ran into, gives several messages
    with one number. A line without a prefix keeps its text.
    """
    layers = detect(lines)
    usual, doubtful = _usual(frozenset(layers)), frozenset(layers & _DOUBTFUL.keys())
    timed = usual.groups > 0
    messages = Messages()
    # one call per column and line is what this loop costs: no method of Messages in here
    add_number, add_time = messages.numbers.append, messages.times.append
    add_text, add_stamped = messages.texts.append, messages.stamped.append
    add_width = messages.widths.append
    for number, line in zip(numbers, lines, strict=True):
        found = usual.match(line)
        if found and found.end():
            text = line[found.end() :]
            if "." not in text or not _EMBEDDED.search(text):
                add_number(number)
                add_time(float(found[1]) if timed and found[1] else None)
                add_text(text.rstrip())
                add_stamped(True)
                add_width(len(line))
                continue
        for time, text, stamped in _messages_on(line, doubtful):
            messages.add(number, time, text, stamped, len(line))
    if "syslog" in layers:
        # rsyslog writes control characters in octal: #011 is the tab of a memblock dump
        messages.texts = [text.replace("#011", "\t") for text in messages.texts]
    return messages, _name(layers)


def detect(lines: Sequence[str]) -> set[str]:
    """Return the layers that most prefixed lines carry, told from lines all over the file."""
    sample = [line for line in lines[:: len(lines) // _SAMPLE + 1] if line]
    if sum(1 for line in sample if _PLAIN.match(line)) > _CLEAR * len(sample):
        return {"printk"}
    pattern = _pattern(frozenset())
    matches = [found for line in sample if (found := pattern.match(line)) and found.end()]
    counts = Counter(name for found in matches for name, text in found.groupdict().items() if text)
    usual = {name for name, count in counts.items() if 2 * count > len(matches)}
    rests = [found.string[found.end("stamp") :] for found in matches if found["stamp"]]
    dated = sum(1 for line in sample if re.match(_DOUBTFUL["iso"], line))
    if 2 * dated > len(sample) and "logger" not in usual:
        usual.add("iso")
    for name in ("host", "process"):
        carried = sum(1 for rest in rests if re.match(_DOUBTFUL[name], rest))
        if 2 * carried > len(rests):
            usual.add(name)
    return usual


def _name(layers: Collection[str]) -> str:
    names = [_NAMES.get(name, name) for name in _ORDER if name in layers and name not in _NAMELESS]
    return ", ".join(dict.fromkeys(names)) or ("dmesg" if "printk" in layers else "no prefix")


@cache
def _usual(layers: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern for the layers of most lines: quick, its only group is the time."""
    collectors = [shape for name, shape in _COLLECTORS.items() if name in layers - {"kmsg"}]
    if "iso" in layers:
        collectors.append(_DOUBTFUL["iso"])
    times = [shape for name, shape in _TIMES.items() if name in layers] or [_TIMES["printk"]]
    inner = [f"(?:{_DOUBTFUL[name]})?" for name in ("host", "process") if name in layers]
    shapes = "|".join(re.sub(r"\?P<(?:since|wall|relative)>", "?:", time) for time in times)
    bare = "" if layers & _TIMES.keys() or not collectors else f"|{_CALLER} ?|"
    return re.compile(
        (r"<\d{1,3}>" if "level" in layers else "")
        + (f"(?:{'|'.join(collectors)})" if collectors else "")
        + (_DECODED if "decoded" in layers else "")
        + rf"(?:(?:{shapes})(?:{_CALLER})?{''.join(inner)} ?{bare})"
    )


@cache
def _pattern(doubtful: frozenset[str]) -> re.Pattern[str]:
    """Return the pattern of any prefix, each layer a group of its own; it may match nothing."""
    collectors = "|".join(f"(?P<{name}>{shape})" for name, shape in _COLLECTORS.items())
    if "iso" in doubtful:
        collectors += f"|{_DOUBTFUL['iso']}"
    columns = "".join(f"(?:{_DOUBTFUL[name]})?" for name in ("host", "process") if name in doubtful)
    return re.compile(
        rf"(?P<level><\d{{1,3}}>)?(?:{collectors})?(?P<decoded>{_DECODED})?(?P<inner><\d{{1,3}}>)?"
        rf"(?:(?P<stamp>(?:{'|'.join(_TIMES.values())})(?P<caller>{_CALLER})?){columns} ?"
        rf"|(?P<bare>{_CALLER}) ?|)"
    )


_Message = tuple[float | None, str, bool]


def _messages_on(line: str, doubtful: frozenset[str]) -> list[_Message]:
    """Return time, text and whether it is stamped for each message on a line."""
    if not _may_have_prefix(line):
        return [(None, line.rstrip(), False)]
    pattern = _pattern(doubtful)
    prefix = pattern.match(line)
    taken = prefix.end() if prefix else 0
    starts = [_with_level(line, found.start()) for found in _EMBEDDED.finditer(line, taken)]
    later = [start for start in starts if line[taken:start].strip(_PASTE)]
    bounds = [0, *later, len(line)]
    return [_message(line[start:end], pattern) for start, end in pairwise(bounds)]


def _may_have_prefix(line: str) -> bool:
    """Whether the costly pattern is worth trying; most lines without a prefix fail this."""
    if line[:1] in _OPENERS or line[3:4] == " ":
        return True
    if "]" in line and "." in line and _STAMP.search(line):
        return True
    return line.startswith(_WORDS) or "klogd: " in line


def _with_level(line: str, start: int) -> int:
    level = _LEVEL_BEFORE.search(line, 0, start)
    return level.start() if level else start


def _message(line: str, pattern: re.Pattern[str]) -> _Message:
    found = pattern.match(line)
    if found is None or not found.end():
        stamp = _STAMP.search(line)
        if stamp is None or line[: stamp.start()].strip(_PASTE):
            return (None, line.rstrip(), False)
        line = line[stamp.start() :]
        found = pattern.match(line)
    if found is None:
        return (None, line.rstrip(), False)
    text = line[found.end() :].rstrip()
    if found["kmsg"]:
        return (int(found["kmsg"].split(",")[2]) / 1e6, _unhex(text), True)
    time = found["printk"] or found["delta"] or found["vendor"]
    return (float(time) if time else None, text, True)


def _unhex(text: str) -> str:
    """Undo the ``\\x09`` that /dev/kmsg writes for a tab."""
    if "\\x" not in text:
        return text
    return re.sub(r"\\x([\da-f]{2})", lambda escape: chr(int(escape[1], 16)), text)
