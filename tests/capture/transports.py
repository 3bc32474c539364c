"""Rewrites the messages of a boot into every form in which people save a log.

A message is its printk time and its text. Each transport returns the bytes of a file, and for
each message the number of the line that it starts on, so that reports can be compared line
for line: whatever the form, the same boot must come out.
"""

from __future__ import annotations

import json
import quopri
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Message = tuple[float, str]
_STAMPED = re.compile(r"\[ *(\d+\.\d{6})\] (.*)")


@dataclass(frozen=True, slots=True)
class Sent:
    """A log in one form: the file, the line number of each message, whether times survive."""

    data: bytes
    numbers: list[int]
    timed: bool = True


def messages_of(dmesg: str) -> list[Message]:
    """Return the messages of plain ``dmesg`` output whose lines all have a time."""
    found = (_STAMPED.fullmatch(line) for line in dmesg.splitlines())
    return [(float(match[1]), match[2].rstrip()) for match in found if match]


def stamp(time: float) -> str:
    """Return the time as printk pads it."""
    return f"[{time:12.6f}]"


def _lines(messages: Sequence[Message], form: Callable[[float, str], str]) -> Sent:
    lines = [form(time, text) for time, text in messages]
    return Sent(_file(lines), list(range(1, len(lines) + 1)))


def _file(lines: Sequence[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def _untimed(sent: Sent) -> Sent:
    return Sent(sent.data, sent.numbers, timed=False)


def plain(messages: Sequence[Message]) -> Sent:
    """``dmesg``."""
    return _lines(messages, lambda time, text: f"{stamp(time)} {text}")


def raw(messages: Sequence[Message]) -> Sent:
    """``dmesg -r``."""
    return _lines(
        messages, lambda time, text: f"<{6 if text[:1] != ' ' else 4}>{stamp(time)} {text}"
    )


def decoded(messages: Sequence[Message]) -> Sent:
    """``dmesg -x``."""
    return _lines(messages, lambda time, text: f"kern  :info  : {stamp(time)} {text}")


def wall_clock(messages: Sequence[Message]) -> Sent:
    """``dmesg -T``."""
    return _untimed(
        _lines(messages, lambda time, text: f"[Tue Dec  5 22:32:{int(time) % 60:02d} 2023] {text}")
    )


def wall_clock_localised(messages: Sequence[Message]) -> Sent:
    """``dmesg -T`` under another locale."""
    return _untimed(
        _lines(messages, lambda time, text: f"[Ut okt 28 14:07:{int(time) % 60:02d} 2025] {text}")
    )


def wall_clock_accented(messages: Sequence[Message]) -> Sent:
    """``dmesg -T`` under a locale whose months have accents and dots."""
    return _untimed(
        _lines(
            messages, lambda time, text: f"[mar. déc.  5 22:32:{int(time) % 60:02d} 2023] {text}"
        )
    )


def delta(messages: Sequence[Message]) -> Sent:
    """``dmesg -d``."""
    return _lines(messages, lambda time, text: f"[{time:12.6f} <    0.000003>] {text}")


def delta_only(messages: Sequence[Message]) -> Sent:
    """``dmesg --time-format delta``."""
    return _untimed(_lines(messages, lambda _, text: f"[<    0.000003>] {text}"))


def reltime(messages: Sequence[Message]) -> Sent:
    """``dmesg -e``."""
    return _untimed(_lines(messages, lambda _, text: f"[  +0.000003] {text}"))


def iso_clock(messages: Sequence[Message]) -> Sent:
    """``dmesg --time-format iso``."""
    return _untimed(
        _lines(
            messages,
            lambda time, text: f"2023-12-05T22:32:38,{int(time * 1e6) % 10**6:06d}+01:00 {text}",
        )
    )


def caller_ids(messages: Sequence[Message]) -> Sent:
    """CONFIG_PRINTK_CALLER."""
    return _lines(
        messages, lambda time, text: f"{stamp(time)}[{'T0' if time < 1 else 'C1':>6}] {text}"
    )


def logger_iso(messages: Sequence[Message]) -> Sent:
    """A console logger that puts the date first."""
    return _lines(messages, lambda time, text: f"2023-01-13T04:30:53 {stamp(time)} {text}")


def grabserial(messages: Sequence[Message]) -> Sent:
    """``grabserial -t``."""
    return _lines(messages, lambda time, text: f"[{23 + time:.6f} 0.001258] {stamp(time)} {text}")


def journal_short(messages: Sequence[Message]) -> Sent:
    """``journalctl -k``."""
    return _untimed(_lines(messages, lambda _, text: f"Jan 20 10:17:44 box kernel: {text}"))


def journal_caller(messages: Sequence[Message]) -> Sent:
    """``journalctl -k`` with CONFIG_PRINTK_CALLER."""
    return _untimed(
        _lines(messages, lambda _, text: f"Jan 20 10:17:44 box kernel: [    T0] {text}")
    )


def journal_monotonic(messages: Sequence[Message]) -> Sent:
    """``journalctl -k -o short-monotonic``."""
    return _lines(messages, lambda time, text: f"{stamp(time)} box.home.arpa kernel: {text}")


def journal_json(messages: Sequence[Message]) -> Sent:
    """``journalctl -k -o json``."""

    def record(time: float, text: str) -> str:
        fields = {
            "__REALTIME_TIMESTAMP": "1673584253000000",
            "_TRANSPORT": "kernel",
            "SYSLOG_IDENTIFIER": "kernel",
            "_SOURCE_MONOTONIC_TIMESTAMP": str(round(time * 1e6)),
            "MESSAGE": text,
        }
        return json.dumps(fields)

    return _lines(messages, record)


def dmesg_json(messages: Sequence[Message]) -> Sent:
    """``dmesg --json``."""
    lines, numbers = ["{", '   "dmesg": [', "      {"], []
    for index, (time, text) in enumerate(messages):
        if index:
            lines.append("      },{")
        lines += ['         "pri": 6,', f'         "time":{time:13.6f},']
        numbers.append(len(lines) + 1)
        lines.append(f'         "msg": {json.dumps(text)}')
    return Sent(_file([*lines, "      }", "   ]", "}"]), numbers)


def syslog(messages: Sequence[Message]) -> Sent:
    """rsyslog's file, control characters in octal."""

    def line(time: float, text: str) -> str:
        escaped = text.replace("\t", "#011")
        return f"Jan  3 10:17:44 box kernel: {stamp(time)} {escaped}"

    return _lines(messages, line)


def syslog_precise(messages: Sequence[Message]) -> Sent:
    """rsyslog with RFC 3339 times."""
    return _lines(
        messages,
        lambda time, text: f"2023-01-13T04:30:53.123456+01:00 box kernel: {stamp(time)} {text}",
    )


def openwrt(messages: Sequence[Message]) -> Sent:
    """``logread`` on OpenWrt."""
    return _lines(
        messages,
        lambda time, text: f"Tue Jul 21 09:26:06 2019 kern.info kernel: {stamp(time)} {text}",
    )


def klogd(messages: Sequence[Message]) -> Sent:
    """klogd, before printk had times."""
    return _untimed(_lines(messages, lambda _, text: f"box klogd: {text}"))


def syslog_old(messages: Sequence[Message]) -> Sent:
    """2.4's log with its levels, as a console prints it."""
    return _untimed(_lines(messages, lambda _, text: f"<6>{text}"))


def dev_kmsg(messages: Sequence[Message]) -> Sent:
    """``cat /dev/kmsg``."""

    def line(time: float, text: str) -> str:
        escaped = text.replace("\t", "\\x09")
        return f"6,339,{round(time * 1e6)},-;{escaped}"

    return _lines(messages, line)


def logcat(messages: Sequence[Message]) -> Sent:
    """``logcat -b kernel -v threadtime``."""
    return _untimed(
        _lines(messages, lambda _, text: f"01-01 00:00:12.345     0     0 I         : {text}")
    )


def android_columns(messages: Sequence[Message]) -> Sent:
    """A vendor kernel that prints processor and process behind the time."""
    return _lines(messages, lambda time, text: f"<6>{stamp(time)}[ 0:      swapper:    0] {text}")


def no_prefix(messages: Sequence[Message]) -> Sent:
    """A kernel without CONFIG_PRINTK_TIME."""
    return _untimed(_lines(messages, lambda _, text: text))


def serial(messages: Sequence[Message]) -> Sent:
    """A terminal's capture: CR LF, NULs, colours, and prompts in between."""
    lines: list[str] = ["U-Boot 2023.01 (Jan 01 2023)\r", "\0\0Starting kernel ...\r", "\r"]
    numbers = []
    for index, (time, text) in enumerate(messages):
        colour = "\x1b[32m" if index % 7 == 0 else ""
        reset = "\x1b[0m" if colour else ""
        prompt = "box login: " if index == len(messages) - 1 else ""
        numbers.append(len(lines) + 1)
        lines.append(f"{prompt}{colour}{stamp(time)}{reset} {text}\r")
    return Sent(_file([*lines, "\r", "box login: \r"]), numbers)


def doubled(messages: Sequence[Message]) -> Sent:
    """A boot console beside the real console: every line twice."""
    lines = [f"{stamp(time)} {text}\r" for time, text in messages for _ in range(2)]
    return Sent(_file(lines), list(range(1, len(lines) + 1, 2)))


def replayed(messages: Sequence[Message]) -> Sent:
    """A real console that takes over and prints the whole buffer again."""
    half = len(messages) // 2
    takeover = (messages[half - 1][0], "printk: console [ttyS0] enabled")
    early = [*messages[:half], takeover]
    lines = [f"{stamp(time)} {text}" for time, text in [*early, *early, *messages[half:]]]
    numbers = [*range(1, half + 1), *range(2 * half + 3, len(lines) + 1)]
    return Sent(_file(lines), numbers)


def quoted(messages: Sequence[Message]) -> Sent:
    """A mail's answer, quoted to different depths."""
    depths = ("> ", "> > ", ">> ")
    lines = ["On Tuesday somebody wrote:"]
    lines += [
        f"{depths[index // 20 % 3]}{stamp(time)} {text}"
        for index, (time, text) in enumerate(messages)
    ]
    return Sent(_file(lines), list(range(2, len(lines) + 1)))


def quoted_printable(messages: Sequence[Message]) -> Sent:
    """A mail as stored, encoded line by line."""
    lines: list[str] = []
    numbers = []
    for time, text in messages:
        numbers.append(len(lines) + 1)
        encoded = quopri.encodestring(f"{stamp(time)} {text}".encode()).decode()
        lines += encoded.split("\n")
    return Sent(_file(lines), numbers)


def wrapped(messages: Sequence[Message]) -> Sent:
    """A mail broken at 76 columns, between words."""
    lines: list[str] = []
    numbers = []
    for time, text in messages:
        numbers.append(len(lines) + 1)
        lines += _wrap(f"{stamp(time)} {text}", 76)
    return Sent(_file(lines), numbers)


def wrapped_untimed(messages: Sequence[Message]) -> Sent:
    """The memory messages of a log without times, broken at 76 columns."""
    lines: list[str] = []
    numbers = []
    for _, text in messages:
        numbers.append(len(lines) + 1)
        memory = re.match(r"\s*(?:memblock_\w+: |memory\[|reserved\[|Memory: )", text)
        lines += _wrap(text, 76) if memory else [text]
    return Sent(_file(lines), numbers, timed=False)


def _wrap(line: str, width: int) -> list[str]:
    """Break greedily between words, never within the stamp."""
    lines = []
    while len(line) > width:
        cut = line.rfind(" ", 16, width + 1)
        if cut < 0 or not line[:cut].strip():
            cut = line.find(" ", width)
        if cut < 0:
            break
        lines.append(line[:cut])
        line = line[cut + 1 :]
    return [*lines, line]


def diff(messages: Sequence[Message]) -> Sent:
    """One hunk of ``diff -u`` between an older log and this one."""
    lines, numbers = ["--- old", "+++ new", f"@@ -1,9 +1,{len(messages)} @@"], []
    for index, (time, text) in enumerate(messages):
        if index % 9 == 4:
            lines.append(f"-{stamp(time)} what the older kernel said here")
        numbers.append(len(lines) + 1)
        lines.append(f"{'+' if index % 3 == 1 else ' '}{stamp(time)} {text}")
    return Sent(_file(lines), numbers)


def indented(messages: Sequence[Message]) -> Sent:
    """A paste indented by two blanks, below a line of prose."""
    lines = ["This is what it prints:", *(f"  {text}" for _, text in messages)]
    return Sent(_file(lines), list(range(2, len(lines) + 1)), timed=False)


def indented_timed(messages: Sequence[Message]) -> Sent:
    """A paste indented by four blanks, with times."""
    return _lines(messages, lambda time, text: f"    {stamp(time)} {text}")


def bars(messages: Sequence[Message]) -> Sent:
    """A paste behind bars."""
    return _lines(messages, lambda time, text: f"| {stamp(time)} {text}")


def hard_blanks(messages: Sequence[Message]) -> Sent:
    """A web page's no-break spaces in the stamp."""
    return _lines(messages, lambda time, text: f"{stamp(time)} {text}".replace("  ", "\u00a0 "))


def byte_order_mark(messages: Sequence[Message]) -> Sent:
    """An editor's UTF-8 mark."""
    sent = plain(messages)
    return Sent(b"\xef\xbb\xbf" + sent.data, sent.numbers)


def utf16(messages: Sequence[Message]) -> Sent:
    """A redirection under PowerShell."""
    sent = plain(messages)
    text = sent.data.decode().replace("\n", "\r\n")
    return Sent(text.encode("utf-16"), sent.numbers)


def utf16_unmarked(messages: Sequence[Message]) -> Sent:
    """UTF-16 without a mark, high byte first."""
    sent = plain(messages)
    return Sent(sent.data.decode().encode("utf-16-be"), sent.numbers)


def no_last_newline(messages: Sequence[Message]) -> Sent:
    """An editor that leaves out the last line's end."""
    sent = plain(messages)
    return Sent(sent.data[:-1], sent.numbers)


def mixed(messages: Sequence[Message]) -> Sent:
    """Several forms in one file, as when a console changes its mind."""
    forms: tuple[Callable[[float, str], str], ...] = (
        lambda time, text: f"{stamp(time)} {text}",
        lambda time, text: f"<6>{stamp(time)} {text}",
        lambda time, text: f"Jan 20 10:17:44 box kernel: {stamp(time)} {text}",
        lambda time, text: f"{stamp(time)}[    T0] {text}\r",
    )
    lines = [
        forms[index // 5 % len(forms)](time, text) for index, (time, text) in enumerate(messages)
    ]
    return Sent(_file(lines), list(range(1, len(lines) + 1)))


TRANSPORTS: dict[str, Callable[[Sequence[Message]], Sent]] = {
    form.__name__: form
    for form in (
        plain,
        raw,
        decoded,
        wall_clock,
        wall_clock_localised,
        wall_clock_accented,
        delta,
        delta_only,
        reltime,
        iso_clock,
        caller_ids,
        logger_iso,
        grabserial,
        journal_short,
        journal_caller,
        journal_monotonic,
        journal_json,
        dmesg_json,
        syslog,
        syslog_precise,
        openwrt,
        klogd,
        syslog_old,
        dev_kmsg,
        logcat,
        android_columns,
        no_prefix,
        serial,
        doubled,
        replayed,
        quoted,
        quoted_printable,
        wrapped,
        wrapped_untimed,
        diff,
        indented,
        indented_timed,
        bars,
        hard_blanks,
        byte_order_mark,
        utf16,
        utf16_unmarked,
        no_last_newline,
        mixed,
    )
}
