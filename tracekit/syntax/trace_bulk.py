"""Whole chunks of a trace without the compiled scanner: one expression a line, columns in bulk.

Most lines of a trace begin like another line did, but for the time stamp. So the prefix is
read once and remembered, the event is matched by its expression, and the numbers are converted
column by column. Every line that does not fit goes through SlowReader.
"""

from __future__ import annotations

import sys
from array import array
from binascii import unhexlify
from collections.abc import Callable, Iterator, Sequence

from tracekit.events.columns import Columns
from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import EventRule, event_rules, kinds
from tracekit.syntax.rule import HIDDEN, to_number
from tracekit.syntax.trace_line import read_body, read_frame, signed, to_time
from tracekit.syntax.trace_slow import SlowReader

DIGITS = b"0123456789"
# what is left of a time stamp without its digits; clocks that count show no point
POINT = (b".", b"")
Groups = tuple[bytes | None, ...]


class ExpressionReader(Columns):
    """Reads chunks as the compiled scanner does, into the same columns.

    ``lines`` and ``events`` count what was read here, not what ``slow`` read.
    """

    def __init__(self) -> None:
        super().__init__(kinds())
        self.lines = 0
        self.events = 0
        self.ticks = False
        self._unknown: dict[bytes, int] = {}
        self._begins: dict[bytes, int] = {}
        self._rules = {name: rules[0] for name, rules in event_rules().items()}
        self._read: list[tuple[int, int, bytes, int]] = []
        self._rows: list[list[tuple[int, Groups]]] = [[] for _ in self.kinds]
        self._place = 0

    def unknown(self) -> dict[bytes, int]:
        """Return how often events of kinds that no grammar knows came, by name."""
        return self._unknown

    def scan(self, data: bytes, begin: int, number: int, slow: SlowReader, /) -> tuple[int, int]:
        """Read the whole lines of ``data`` from ``begin`` on; ``number`` lines came before.

        Returns the place where the last line ended, and its number.
        """
        end = data.rfind(b"\n")
        if end < begin:
            return begin, number
        for line in data[begin:end].replace(b"\r\n", b"\n").split(b"\n"):
            number += 1
            # find the time stamp and the name; everything here runs once for each line
            colon = line.find(b": ")
            blank = line.rfind(b" ", 0, colon)
            stamp = line[blank + 1 : colon]
            if colon < 0 or stamp.translate(None, DIGITS) not in POINT:
                self._slowly(line, number, slow)
                continue
            prefix = self._begins.get(line[:blank])
            if prefix is None:
                prefix = self._begin(line[:blank], line)
            rule = self._rules.get(line[colon + 2 : line.find(b":", colon + 2)])
            match = rule.regex.fullmatch(line, colon + 2) if rule is not None else None
            if prefix is None or rule is None or match is None:
                if prefix is None or rule is not None or not self._foreign(line[colon + 2 :]):
                    self._slowly(line, number, slow)
                continue
            if self.held:
                self._settle()
                slow.flush()
            self._rows[rule.code].append((self._place, match.groups()))
            self._read.append((rule.code, number, stamp, prefix))
            self._place += 1
        self._settle()
        return end + 1, number

    def _slowly(self, line: bytes, number: int, slow: SlowReader) -> None:
        self._settle()
        slow.read(line, number)
        self._place = len(self)

    def _begin(self, begin: bytes, line: bytes) -> int | None:
        """Read a line's prefix in full, and remember what stands before the time stamp."""
        frame = read_frame(line, "task_line")
        if frame is None or frame.comm is None:
            return None
        flags = ABSENT if frame.flags is None else self.intern(frame.flags)
        row = self.prefix((frame.cpu, frame.pid, self.intern(frame.comm), flags, frame.tgid))
        self._begins[begin] = row
        return row

    def _foreign(self, event: bytes) -> bool:
        """Count an event of a kind that no grammar knows."""
        body = read_body(event)
        if body is None or body.rule != "other_event":
            return False
        name = body.fields["name"]
        self._unknown[name] = self._unknown.get(name, 0) + 1
        self.lines += 1
        return True

    def _settle(self) -> None:
        """Move what was matched into the columns, before anything else is added to them."""
        if not self._read:
            return
        codes, numbers, stamps, prefixes = zip(*self._read, strict=True)
        self.ticks = self.ticks or not all(b"." in stamp for stamp in stamps)
        times = _times(stamps)
        for column, values in zip(self._common, (codes, numbers, times, prefixes), strict=True):
            column.extend(values)
        for rule in self._rules.values():
            if self._rows[rule.code]:
                self._settle_kind(rule)
        self.lines += len(codes)
        self.events += len(codes)
        self._read.clear()
        self._place = len(self)

    def _settle_kind(self, rule: EventRule) -> None:
        places, groups = zip(*self._rows[rule.code], strict=True)
        found: dict[int, array[int]] = {}
        for (slot, base), texts in zip(rule.slots, zip(*groups, strict=True), strict=True):
            missing = texts.count(None)
            if not missing:
                found[slot] = self._convert(texts, base)
            elif missing < len(texts):
                found[slot] = self._gappy(texts, base, found.get(slot))
        nothing = array("q", [ABSENT]) * len(places)
        for slot, column in enumerate(self._fields[rule.code]):
            column.extend(found.get(slot, nothing))
        self._index[rule.code].extend(places)
        self._rows[rule.code].clear()

    def _convert(self, texts: Sequence[bytes], base: int | None) -> array[int]:
        """Return the column that these texts stand for."""
        if base is None:
            return array("q", self._ids(texts))
        if base < 0:
            return array("q", [ABSENT if base == HIDDEN else -1 - base]) * len(texts)
        if base == 16:
            return _addresses(texts)
        try:
            return array("q", map(int, texts))
        except ValueError:
            return _signed([int(text, base) for text in texts])

    def _ids(self, texts: Sequence[bytes]) -> Iterator[int]:
        for text in dict.fromkeys(texts):
            self.intern(text)
        return map(self.ids.__getitem__, texts)

    def _gappy(
        self, texts: Sequence[bytes | None], base: int | None, under: array[int] | None
    ) -> array[int]:
        """The same where some lines do not show the group; ``under`` shows through the gaps."""
        if base is not None and base < 0:
            number = ABSENT if base == HIDDEN else -1 - base
            values = array("q", [ABSENT if text is None else number for text in texts])
        else:
            convert: Callable[[bytes], int] = (
                self.intern if base is None else lambda text: signed(to_number(text, base))
            )
            values = array("q", [ABSENT if text is None else convert(text) for text in texts])
        if under is None:
            return values
        pairs = zip(values, under, strict=True)
        return array("q", [low if value == ABSENT else value for value, low in pairs])


def _signed(numbers: list[int]) -> array[int]:
    try:
        return array("q", numbers)
    except OverflowError:
        return array("q", map(signed, numbers))


def _addresses(texts: Sequence[bytes]) -> array[int]:
    """Return the column of numbers in hex: all at once where each has sixteen digits."""
    values = array("q")
    if set(map(len, texts)) == {16} and not any(text.startswith(b"0x") for text in texts):
        values.frombytes(unhexlify(b"".join(texts)))
        if sys.byteorder == "little":
            values.byteswap()
    else:
        values.frombytes(array("Q", [int(text, 16) for text in texts]).tobytes())
    return values


def _times(stamps: Sequence[bytes]) -> list[int]:
    """Return time stamps in nanoseconds; those with six decimals, as nearly all are, quickly."""
    if all(stamp[-7:-6] == b"." for stamp in stamps):
        return [1000 * int(stamp.replace(b".", b"")) for stamp in stamps]
    return [to_time(stamp) for stamp in stamps]
