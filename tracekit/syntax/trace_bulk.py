"""Whole chunks of a trace without the compiled scanner: one expression a line, columns in bulk.

Most lines of a trace begin like another line did, but for the time stamp. So the prefix is
read once and remembered, the event is matched by its expression, and the numbers are converted
column by column. Every line that does not fit goes through SlowReader.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

from tracekit.events.columns import Columns
from tracekit.events.table import ABSENT
from tracekit.syntax.kinds import EventRule, event_rules, kinds
from tracekit.syntax.pattern import to_number
from tracekit.syntax.trace_line import read_body, read_frame, signed, to_time
from tracekit.syntax.trace_slow import SlowReader

DIGITS = b"0123456789"
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
        self._groups: list[list[Groups]] = [[] for _ in self.kinds]
        self._places: list[list[int]] = [[] for _ in self.kinds]

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
            if not self._line(line, number, slow):
                self._settle()
                slow.read(line, number)
        self._settle()
        return end + 1, number

    def _line(self, line: bytes, number: int, slow: SlowReader) -> bool:
        head, _, event = line.partition(b": ")
        begin, _, stamp = head.rpartition(b" ")
        if stamp.translate(None, DIGITS) != b".":
            return False
        prefix = self._begins.get(begin)
        if prefix is None:
            prefix = self._begin(begin, line)
        name = event.partition(b":")[0]
        rule = self._rules.get(name)
        if prefix is None or rule is None:
            return prefix is not None and self._foreign(event)
        match = rule.regex.fullmatch(event)
        if match is None:
            return False
        if self.held:
            self._settle()
            slow.flush()
        code = rule.code
        self._places[code].append(len(self) + len(self._read))
        self._groups[code].append(match.groups())
        self._read.append((code, number, stamp, prefix))
        return True

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
        times = map(to_time, stamps)
        for column, values in zip(self._common, (codes, numbers, times, prefixes), strict=True):
            column.extend(values)
        for rule in self._rules.values():
            if self._groups[rule.code]:
                self._settle_kind(rule)
        self.lines += len(codes)
        self.events += len(codes)
        self._read.clear()

    def _settle_kind(self, rule: EventRule) -> None:
        rows, places = self._groups[rule.code], self._places[rule.code]
        found: dict[int, array[int]] = {}
        for (slot, base), texts in zip(rule.slots, zip(*rows, strict=True), strict=True):
            missing = texts.count(None)
            if missing == len(texts):
                continue
            if missing:
                values = self._gappy(texts, base, found.get(slot))
            else:
                values = self._convert(texts, base)
            found[slot] = values
        nothing = array("q", [ABSENT]) * len(rows)
        for slot, column in enumerate(self._fields[rule.code]):
            column.extend(found.get(slot, nothing))
        self._index[rule.code].extend(places)
        rows.clear()
        places.clear()

    def _convert(self, texts: Sequence[bytes], base: int | None) -> array[int]:
        """Return the column that these texts stand for."""
        if base is None:
            return array("q", map(self.intern, texts))
        if base == 16:
            values = array("q")
            values.frombytes(array("Q", [int(text, 16) for text in texts]).tobytes())
            return values
        if base < 0:
            return array("q", [-1 - base]) * len(texts)
        return array("q", [signed(int(text, base)) for text in texts])

    def _gappy(
        self, texts: Iterable[bytes | None], base: int | None, under: array[int] | None
    ) -> array[int]:
        """The same where some lines do not show the group; ``under`` shows through the gaps."""
        convert: Callable[[bytes], int] = (
            self.intern if base is None else lambda text: signed(to_number(text, base))
        )
        values = array("q", [ABSENT if text is None else convert(text) for text in texts])
        if under is None:
            return values
        pairs = zip(values, under, strict=True)
        return array("q", [low if value == ABSENT else value for value, low in pairs])
