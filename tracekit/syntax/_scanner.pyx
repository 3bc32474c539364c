# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False
"""The compiled byte scanner: runs line programs (syntax/program.py) and fills columns.

It knows no event and no field: what to read comes from the programs, which are lowered from
the grammars. A line that no program reads is handed to ``slow.read``, in its place.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy

cdef enum:
    MAX_SLOTS = 40
    MAX_TRIES = 8

# the order of program.STEPS
cdef enum:
    LIT, IF_LIT, IF_SET, NEED, SPAN, SEEK, TRY, JUMP, MARK, TEXT, NUMBER, TIME, CONST, EVENT, END

ctypedef const uint8_t *Bytes

cdef struct Step:
    int32_t op
    int32_t a
    int32_t b
    int32_t c

cdef struct Slot:
    Bytes text
    int32_t length
    int64_t number

cdef struct Attempt:
    int32_t step
    int32_t stored
    Bytes at
    Bytes mark

include "_columns.pxi"


cdef class Scanner:
    """Columns that are filled straight from bytes, with the interface of events.Columns.

    ``lines`` and ``events`` count what was read here, not what ``slow`` read. ``held`` is set
    by ``slow`` while it keeps a wrapped line back; it is flushed before the next event.
    """

    cdef readonly tuple kinds
    cdef readonly Py_ssize_t events, lines
    cdef public bint held
    cdef readonly bint ticks
    cdef Texts pool, names
    cdef object tables
    cdef Step *steps
    cdef Bytes strings, sets
    cdef int frame, frames, known, named, commons
    cdef int32_t *starts                # of the frames' programs, then two for each kind
    cdef uint64_t *required             # the slots that a line must show, by kind
    cdef int32_t *widths
    cdef Buffer *columns                # common ones, then of each kind its index and fields
    cdef Py_ssize_t *rows               # by kind
    cdef Py_ssize_t size
    cdef Slot prefix[MAX_SLOTS]
    cdef Slot slots[MAX_SLOTS]
    cdef int32_t stored[MAX_SLOTS]
    cdef Py_ssize_t *unknown_counts
    cdef Py_ssize_t unknown_room

    def __cinit__(self, tables):
        cdef Py_ssize_t i
        self.tables = tables            # keeps the bytes below alive
        self.kinds = tables.kinds
        self.known = len(tables.kinds)
        self.commons = tables.commons
        self.frames = tables.frames
        self.steps = <Step *>PyBytes_AS_STRING(tables.steps)
        self.strings = <Bytes>PyBytes_AS_STRING(tables.strings)
        self.sets = <Bytes>PyBytes_AS_STRING(tables.sets)
        self.starts = <int32_t *>calloc(self.frames + 2 * self.known, 4)
        self.required = <uint64_t *>calloc(self.known, 8)
        self.widths = <int32_t *>calloc(self.known, 4)
        self.columns = <Buffer *>calloc(self.commons + self.known * MAX_SLOTS, sizeof(Buffer))
        self.rows = <Py_ssize_t *>calloc(self.known, sizeof(Py_ssize_t))
        if not (self.starts and self.required and self.widths and self.columns and self.rows):
            raise MemoryError
        for i, start in enumerate(tables.starts):
            self.starts[i] = start
        for i, mask in enumerate(tables.required):
            self.required[i] = mask
            self.widths[i] = len(self.kinds[i].fields)
        self.pool = Texts()
        self.names = Texts()
        for name in tables.names:       # kinds by their codes, then those left to ``slow``
            self.names.intern(<Bytes>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
        self.named = self.names.count

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.columns:
            for i in range(self.commons + self.known * MAX_SLOTS):
                free(self.columns[i].data)
        free(self.columns)
        free(self.starts)
        free(self.required)
        free(self.widths)
        free(self.rows)
        free(self.unknown_counts)

    def __len__(self):
        return self.size

    def scan(self, bytes data, Py_ssize_t number, slow):
        """Read the whole lines of ``data``, of which ``number`` lines came before.

        Returns the number of bytes read and the number of the last line.
        """
        cdef Bytes start = <Bytes>PyBytes_AS_STRING(data)
        cdef Bytes at = start, end = start + PyBytes_GET_SIZE(data), stop, newline
        while at < end:
            newline = <Bytes>memchr(at, 0x0A, end - at)
            if newline == NULL:
                break
            number += 1
            stop = newline
            while stop > at and _is_blank((stop - 1)[0]):
                stop -= 1
            if not self.line(at, stop, number, slow):
                slow.read(PyBytes_FromStringAndSize(<const char *>at, newline - at), number)
            at = newline + 1
        return at - start, number

    cdef bint line(self, Bytes at, Bytes end, Py_ssize_t number, slow) except -1:
        """Read one line; return False where it must be read in another way."""
        cdef int i, frame = self.frame
        cdef Bytes event
        cdef int64_t code
        for i in range(self.frames):
            event = self.run(self.starts[frame], at, end, self.prefix, 8, NULL)
            if event != NULL:
                break
            frame = 0 if frame + 1 == self.frames else frame + 1
        else:
            return False
        self.frame = frame
        at = event
        while at < end and at[0] != 0x3A and at[0] > 0x20:
            at += 1
        if at == end or at[0] != 0x3A:
            return False
        code = self.names.intern(event, <int32_t>(at - event))
        if code >= self.named:
            return self.foreign(event, at, code)
        if code >= self.known or not self.event(<int>code, event, end):
            return False
        if self.held:
            slow.flush()
        self.lines += 1
        self.events += 1
        self.append(<int>code, number)
        return True

    cdef bint event(self, int code, Bytes at, Bytes end) except -1:
        """Read an event with the first program of its kind that can."""
        cdef int i
        cdef int32_t start
        cdef uint64_t shown
        for i in range(2):
            start = self.starts[self.frames + 2 * code + i]
            if start < 0:
                return False
            if (self.run(start, at, end, self.slots, self.widths[code], &shown) != NULL
                    and shown & self.required[code] == self.required[code]):
                return True
        return False

    cdef bint foreign(self, Bytes name, Bytes end, int64_t code) except -1:
        """Count an event of a kind that no grammar knows; its name must look like one."""
        cdef Py_ssize_t room
        if not _is_name(name, end):
            return False
        if code >= self.unknown_room:
            room = 2 * code + 64
            counts = <Py_ssize_t *>realloc(self.unknown_counts, room * sizeof(Py_ssize_t))
            if counts == NULL:
                raise MemoryError
            while self.unknown_room < room:
                counts[self.unknown_room] = 0
                self.unknown_room += 1
            self.unknown_counts = counts
        self.unknown_counts[code] += 1
        self.lines += 1
        return True

    cdef Bytes run(self, int32_t start, Bytes at, Bytes end, Slot *slots, int width,
                   uint64_t *shown) noexcept nogil:
        """Run a program; return where it ended, NULL where the line is not of its shape."""
        cdef Step *step = self.steps + start
        cdef Attempt attempts[MAX_TRIES]
        cdef int tries = 0, stored = 0, i
        cdef uint64_t mask = 0
        cdef Bytes mark = at, table, limit, begin
        cdef bint fine
        for i in range(width):
            slots[i].text = NULL
            slots[i].number = ABSENT
        while True:
            fine = True
            if step.op == LIT:
                fine = end - at >= step.b and memcmp(at, self.strings + step.a, step.b) == 0
                if fine:
                    at += step.b
            elif step.op == IF_LIT:
                if end - at >= step.b and memcmp(at, self.strings + step.a, step.b) == 0:
                    at += step.b
                else:
                    step = self.steps + step.c
                    continue
            elif step.op == IF_SET:
                if at == end or not self.sets[step.a + at[0]]:
                    step = self.steps + step.c
                    continue
            elif step.op == NEED:
                fine = at < end and self.sets[step.a + at[0]] != 0
            elif step.op == SPAN:
                table = self.sets + step.a
                limit = end if step.c < 0 or step.c > end - at else at + step.c
                begin = at
                while at < limit and table[at[0]]:
                    at += 1
                fine = at - begin >= step.b
            elif step.op == SEEK:
                table = self.sets + step.a
                while at < end and not table[at[0]]:
                    at += 1
                fine = at < end and tries < MAX_TRIES
                if fine:
                    attempts[tries] = Attempt(<int32_t>(step - self.steps), stored, at + 1, mark)
                    tries += 1
            elif step.op == TRY:
                fine = tries < MAX_TRIES
                if fine:
                    attempts[tries] = Attempt(step.c, stored, at, mark)
                    tries += 1
            elif step.op == JUMP:
                step = self.steps + step.c
                continue
            elif step.op == MARK:
                mark = at
            elif step.op == EVENT or step.op == END:
                fine = at < end if step.op == EVENT else at == end
                if fine:
                    if shown != NULL:
                        shown[0] = mask
                    return at
            else:
                fine = stored < MAX_SLOTS
                if fine:
                    self.stored[stored] = step.a
                    stored += 1
                    mask |= <uint64_t>1 << step.a
                    if step.op == TEXT:
                        slots[step.a].text = mark
                        slots[step.a].length = <int32_t>(at - mark)
                    elif step.op == NUMBER:
                        slots[step.a].number = _number(mark, at, step.b)
                    elif step.op == TIME:
                        slots[step.a].number = _time(mark, at)
                        if memchr(mark, 0x2E, at - mark) == NULL:
                            slots[step.a].length = 1
                        else:
                            slots[step.a].length = 0
                    else:
                        slots[step.a].number = step.b
            if fine:
                step += 1
                continue
            if tries == 0:
                return NULL
            tries -= 1
            step = self.steps + attempts[tries].step
            at = attempts[tries].at
            mark = attempts[tries].mark
            while stored > attempts[tries].stored:
                stored -= 1
                i = self.stored[stored]
                slots[i].text = NULL
                slots[i].number = ABSENT
                mask &= ~(<uint64_t>1 << i)

    cdef int append(self, int code, Py_ssize_t number) except -1:
        """Append the event whose parts the slots hold."""
        cdef Py_ssize_t place = self.size, row = self.rows[code]
        cdef int i
        cdef Buffer *fields = self.columns + self.commons + code * MAX_SLOTS
        cdef Slot *slot
        # the order of COMMON: kind, line, then the slots of the prefix
        _put(self.columns, place, code)
        _put(self.columns + 1, place, number)
        if self.prefix[6].number != ABSENT:    # perf shows pid/tid
            self.prefix[5].number = self.prefix[2].number
            self.prefix[2].number = self.prefix[6].number
        if self.prefix[0].number != ABSENT and self.prefix[0].length:
            self.ticks = True
        for i in range(self.commons - 2):
            slot = &self.prefix[i]
            if slot.text != NULL:
                _put(self.columns + 2 + i, place, self.pool.intern(slot.text, slot.length))
            else:
                _put(self.columns + 2 + i, place, slot.number)
        _put(fields, row, place)
        for i in range(self.widths[code]):
            slot = &self.slots[i]
            if slot.text != NULL:
                _put(fields + 1 + i, row, self.pool.intern(slot.text, slot.length))
            else:
                _put(fields + 1 + i, row, slot.number)
        self.rows[code] = row + 1
        self.size = place + 1
        return 0

    def intern(self, bytes text):
        """Return the id of a text, a new one for a new text."""
        return self.pool.intern(<Bytes>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    def add(self, common, values):
        """Append one event that was read elsewhere, see events.Columns.add."""
        cdef int i, code = common[0]
        cdef Buffer *fields = self.columns + self.commons + code * MAX_SLOTS
        for i in range(self.commons):
            _put(self.columns + i, self.size, common[i])
        _put(fields, self.rows[code], self.size)
        for i in range(self.widths[code]):
            _put(fields + 1 + i, self.rows[code], values[i])
        self.rows[code] += 1
        self.size += 1

    def unknown(self):
        """Return how often events of kinds that no grammar knows came, by name."""
        return {
            self.names.found[code]: self.unknown_counts[code]
            for code in range(self.named, min(self.names.count, self.unknown_room))
            if self.unknown_counts[code]
        }

    def texts(self):
        """Return the texts by id, as bytes."""
        return self.pool.found

    def finish(self):
        """Return the common columns, and for each kind its index and fields; None: not shown.

        The scanner is empty afterwards.
        """
        cdef int i, code
        common = [self.finished(i, self.size) for i in range(self.commons)]
        kinds = []
        for code in range(self.known):
            i = self.commons + code * MAX_SLOTS
            last = i + 1 + self.widths[code]
            kinds.append([self.finished(place, self.rows[code]) for place in range(i, last)])
            self.rows[code] = 0
        self.size = 0
        return common, kinds

    cdef object finished(self, Py_ssize_t place, Py_ssize_t size):
        if self.columns[place].data == NULL:
            return None
        return _finished(&self.columns[place], size)


cdef bint _is_blank(uint8_t byte) noexcept nogil:
    return byte == 0x20 or byte == 0x0D or byte == 0x09


cdef bint _is_name(Bytes at, Bytes end) noexcept nogil:
    """Whether this is NAME of ftrace.lark."""
    cdef uint8_t byte
    if 0x2D <= at[0] <= 0x39:
        return False
    while at < end:
        byte = at[0] | 0x20
        if not (0x61 <= byte <= 0x7A or 0x30 <= at[0] <= 0x39
                or at[0] == 0x5F or at[0] == 0x2E or at[0] == 0x2D):
            return False
        at += 1
    return True


cdef int64_t _number(Bytes at, Bytes end, int32_t base) noexcept nogil:
    """The number that a field shows, in 64 bits; base 0 is told by 0x."""
    cdef uint64_t number = 0
    cdef bint negative = at < end and at[0] == 0x2D
    if negative:
        at += 1
    if base != 10 and end - at > 2 and at[0] == 0x30 and (at[1] | 0x20) == 0x78:
        base = 16
        at += 2
    if base == 16:
        while at < end:
            number = (number << 4) | ((at[0] & 0xF) + 9 * (at[0] >> 6))
            at += 1
    else:
        while at < end:
            number = number * 10 + (at[0] & 0xF)
            at += 1
    return -<int64_t>number if negative else <int64_t>number


cdef int64_t _time(Bytes at, Bytes end) noexcept nogil:
    """A time stamp in nanoseconds, or as it stands where it shows no point."""
    cdef int64_t number = 0
    cdef int digits = -1
    while at < end:
        if at[0] == 0x2E:
            digits = 0
        else:
            number = number * 10 + (at[0] & 0xF)
            if digits >= 0:
                digits += 1
        at += 1
    while 0 <= digits < 9:
        number *= 10
        digits += 1
    return number
