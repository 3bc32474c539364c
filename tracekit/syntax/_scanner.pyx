# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False
"""The compiled byte scanner: runs line programs (syntax/program.py) and fills columns.

It knows no event and no field: what to read comes from the programs, which are lowered from
the grammars. A line that no program reads is handed to ``slow.read``, in its place.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset

cdef enum:
    MAX_SLOTS = 39              # one less than MAX_COLUMNS: a kind's first column is its index
    MAX_TRIES = 8
    MAX_PREFIX = 256
    MAX_RECENT = 4
    PREFIX_SLOTS = 8
    HIDDEN_VALUE = -1           # of program.py
    FIRST_PLAIN = 0x21          # the first byte that is neither blank nor control character

# places in assemble.PREFIX
cdef enum:
    PREFIX_TIME, PREFIX_CPU, PREFIX_PID, PREFIX_COMM, PREFIX_FLAGS, PREFIX_TGID, PREFIX_TID

# the order of program.STEPS
cdef enum:
    LIT, IF_LIT, IF_SET, NEED, SPAN, SEEK, TRY, JUMP, MARK, TEXT, NUMBER, TIME, CONST, EVENT, END
    AUTO, HEX, LIT_AUTO, WORD, CLOCK, MEMO

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

cdef struct Recent:
    # a line's beginning up to its time stamp, the row that it has in ``prefixes``, and the step
    # that reads on from there
    Py_ssize_t size
    int64_t row
    int32_t step
    uint8_t text[MAX_PREFIX]

include "_columns.pxi"
include "_tokens.pxi"
include "_memo.pxi"


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
    cdef bytearray plain_sets           # for each set, whether all but blanks are in it
    cdef Bytes plain
    cdef int frame, frames, known, named, commons
    cdef int32_t *starts                # of the frames' programs, then two for each kind
    cdef uint64_t *required             # the slots that a line must show, by kind
    cdef Sheet common
    cdef Sheet *sheets                  # by kind: its index, then its fields
    cdef Slot prefix[PREFIX_SLOTS]
    cdef Sheet prefixes                 # the columns of events.PREFIX, one row for each prefix
    cdef Texts prefix_texts
    cdef int64_t prefix_row             # of the last line's prefix
    # most lines begin as the one before, or as the last one of another cpu; the last one first
    cdef Recent recent[MAX_RECENT]
    cdef Recent *order[MAX_RECENT]
    cdef int32_t time_step
    cdef Bytes line_start
    cdef Slot slots[MAX_SLOTS]
    cdef Memos memos
    cdef Missed missed                  # ``at`` is NULL where nothing is to be remembered
    cdef int32_t filled[MAX_SLOTS]      # the slots that the rest of the line filled
    cdef int32_t filled_count
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
        self.plain_sets = bytearray(
            all(tables.sets[at + FIRST_PLAIN : at + 256]) for at in range(0, len(tables.sets), 256))
        self.plain = <Bytes><char *>self.plain_sets
        self.starts = <int32_t *>calloc(self.frames + 2 * self.known, 4)
        self.required = <uint64_t *>calloc(self.known, 8)
        self.sheets = <Sheet *>calloc(self.known, sizeof(Sheet))
        if not (self.starts and self.required and self.sheets):
            raise MemoryError
        self.common.width = self.commons
        self.prefixes.width = PREFIX_TID - PREFIX_CPU
        self.prefix_texts = Texts()
        self.memos = Memos()
        for i in range(MAX_RECENT):
            self.order[i] = &self.recent[i]
        for i, start in enumerate(tables.starts):
            self.starts[i] = start
        for i, mask in enumerate(tables.required):
            self.required[i] = mask
            self.sheets[i].width = 1 + len(self.kinds[i].fields)
        self.pool = Texts()
        self.names = Texts()
        for name in tables.names:       # kinds by their codes, then those left to ``slow``
            self.names.intern(<Bytes>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
        self.named = self.names.count

    def __dealloc__(self):
        cdef Py_ssize_t i, code
        for i in range(MAX_COLUMNS):
            free(self.common.columns[i])
            free(self.prefixes.columns[i])
            for code in range(self.known if self.sheets else 0):
                free(self.sheets[code].columns[i])
        free(self.sheets)
        free(self.starts)
        free(self.required)
        free(self.unknown_counts)

    def __len__(self):
        return self.common.size

    def scan(self, bytes data, Py_ssize_t begin, Py_ssize_t number, slow):
        """Read the whole lines of ``data`` from ``begin`` on; ``number`` lines came before.

        Returns the place where the last line ended, and its number.
        """
        cdef Bytes start = <Bytes>PyBytes_AS_STRING(data)
        cdef Bytes at = start + begin, end = start + PyBytes_GET_SIZE(data), stop, newline
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
        cdef Bytes event = self.frame_end(at, end)
        cdef int64_t code
        if event == NULL:
            return False
        at = event
        while at < end and at[0] != 0x3A and at[0] > 0x20:
            at += 1
        if at == end or at[0] != 0x3A:
            return False
        code = self.names.intern(event, <int32_t>(at - event))
        if code >= self.named:
            return self.foreign(event, at, code)
        if code >= self.known or not self.event(<int>code, at + 1, end):
            return False
        if self.held:
            slow.flush()
        self.lines += 1
        self.events += 1
        self.append(<int>code, number)
        return True

    cdef Bytes frame_end(self, Bytes at, Bytes end) noexcept nogil:
        """Read what stands before the event into ``prefix``; return where the event begins."""
        cdef int i, frame = self.frame
        cdef Recent *recent
        cdef Bytes event
        for i in range(MAX_RECENT):
            recent = self.order[i]
            if 0 < recent.size < end - at and _same(at, recent.text, recent.size):
                event = self.run(recent.step, at + recent.size, end, self.prefix, 0, NULL)
                if event == NULL:
                    break
                self.prefix_row = recent.row
                self.to_front(i)
                return event
        for i in range(self.frames):
            event = self.run(self.starts[frame], at, end, self.prefix, PREFIX_SLOTS, NULL)
            if event != NULL:
                break
            frame = 0 if frame + 1 == self.frames else frame + 1
        else:
            return NULL
        self.frame = frame
        self.prefix_row = -1
        self.line_start = at
        return event

    cdef void to_front(self, int place) noexcept nogil:
        cdef Recent *recent = self.order[place]
        while place:
            self.order[place] = self.order[place - 1]
            place -= 1
        self.order[0] = recent

    cdef int enter_prefix(self) except -1:
        """Find or make the row of a prefix that is not that of a line shortly before."""
        cdef Slot *prefix = self.prefix
        cdef Bytes end = prefix[PREFIX_TIME].text
        cdef Py_ssize_t size = end - self.line_start
        cdef Recent *recent
        self.prefix_row = self.prefix_texts.intern(self.line_start, <int32_t>size)
        if size < MAX_PREFIX:
            self.to_front(MAX_RECENT - 1)
            recent = self.order[0]
            recent.size, recent.row, recent.step = size, self.prefix_row, self.time_step
            memcpy(recent.text, self.line_start, size)
        if self.prefix_row < self.prefixes.size:
            return 0
        if prefix[PREFIX_TID].number != ABSENT:    # perf shows pid/tid
            prefix[PREFIX_TGID].number = prefix[PREFIX_PID].number
            prefix[PREFIX_PID].number = prefix[PREFIX_TID].number
        return self.add_prefix()

    cdef int add_prefix(self) except -1:
        cdef int i
        cdef Slot *slot
        if self.prefixes.size == self.prefixes.room:
            _grow(&self.prefixes)
        for i in range(PREFIX_CPU, PREFIX_TID):
            slot = &self.prefix[i]
            if slot.text != NULL:
                slot.number = self.pool.intern(slot.text, slot.length)
            _put(&self.prefixes, i - PREFIX_CPU, slot.number)
        self.prefixes.size += 1
        return 0

    cdef bint event(self, int code, Bytes at, Bytes end) except -1:
        """Read an event with the first program of its kind that can."""
        cdef int i
        cdef int32_t start
        cdef uint64_t shown
        for i in range(2):
            start = self.starts[self.frames + 2 * code + i]
            if start < 0:
                return False
            if (self.run(start, at, end, self.slots, self.sheets[code].width - 1, &shown) != NULL
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
        cdef Step *steps = self.steps
        cdef Step *step = steps + start
        cdef Bytes strings = self.strings, sets = self.sets
        cdef Attempt attempts[MAX_TRIES]
        cdef int tries = 0, stored = 0, i
        cdef int32_t time_step = 0, op
        cdef int32_t order[MAX_SLOTS]
        cdef uint64_t mask = 0
        cdef Bytes mark = at, table, limit, begin
        cdef uint64_t hash
        cdef Memo *memo
        cdef bint fine
        self.missed.at = NULL
        for i in range(width):
            slots[i].text = NULL
            slots[i].number = ABSENT
        while True:
            fine = True
            op = step.op
            if op == LIT:
                fine = end - at >= step.b and _same(at, strings + step.a, step.b)
                if fine:
                    at += step.b
            elif op == IF_LIT:
                if end - at >= step.b and _same(at, strings + step.a, step.b):
                    at += step.b
                else:
                    step = steps + step.c
                    continue
            elif op == IF_SET:
                if at == end or not sets[step.a + at[0]]:
                    step = steps + step.c
                    continue
            elif op == NEED:
                fine = at < end and sets[step.a + at[0]] != 0
            elif op == SPAN:
                table = sets + step.a
                limit = end if step.c < 0 or step.c > end - at else at + step.c
                begin = at
                if self.plain[step.a >> 8]:
                    at = _plain(at, limit)
                while at < limit and table[at[0]]:
                    at += 1
                fine = at - begin >= step.b
            elif op == WORD:
                table = sets + step.a
                begin = at
                if self.plain[step.a >> 8]:
                    at = _plain(at, end)
                while at < end and table[at[0]]:
                    at += 1
                fine = at > begin and stored < MAX_SLOTS
                if fine:
                    order[stored] = step.c
                    stored += 1
                    mask |= <uint64_t>1 << step.c
                    slots[step.c].text = begin
                    slots[step.c].length = <int32_t>(at - begin)
            elif op == LIT_AUTO:
                fine = (end - at >= step.b and _same(at, strings + step.a, step.b)
                        and stored < MAX_SLOTS)
                if fine:
                    at = _auto(at + step.b, end, &slots[step.c].number)
                    fine = at != NULL
                    order[stored] = step.c
                    stored += 1
                    mask |= <uint64_t>1 << step.c
            elif op == SEEK:
                table = sets + step.a
                while at < end and not table[at[0]]:
                    at += 1
                fine = at < end and tries < MAX_TRIES
                if fine:
                    attempts[tries] = Attempt(<int32_t>(step - steps), stored, at + 1, mark)
                    tries += 1
            elif op == TRY:
                fine = tries < MAX_TRIES
                if fine:
                    attempts[tries] = Attempt(step.c, stored, at, mark)
                    tries += 1
            elif op == JUMP:
                step = steps + step.c
                continue
            elif op == MARK:
                mark = at
                time_step = <int32_t>(step - steps)
            elif op == MEMO:
                if not self.memos.given_up[step.a]:
                    hash = _hash(at, end - at) | 1
                    memo = self.memos.find(step.a, hash, at, <int32_t>(end - at))
                    if memo != NULL:
                        self.recall(memo, slots)
                        shown[0] = mask | memo.shown
                        return end
                    if self.missed.at == NULL:
                        self.missed = Missed(
                            hash, at, <int32_t>(end - at), step.a, tries, stored)
            elif op == EVENT or op == END:
                fine = at < end if op == EVENT else at == end
                if fine:
                    if shown != NULL:
                        shown[0] = mask
                        self.filled_count = 0
                        if self.missed.at != NULL:
                            for i in range(self.missed.stored, stored):
                                self.filled[self.filled_count] = order[i]
                                self.filled_count += 1
                    return at
            else:
                fine = stored < MAX_SLOTS
                if fine:
                    order[stored] = step.a
                    stored += 1
                    mask |= <uint64_t>1 << step.a
                    if op == TEXT:
                        slots[step.a].text = mark
                        slots[step.a].length = <int32_t>(at - mark)
                    elif op == NUMBER:
                        slots[step.a].number = _number(mark, at, step.b)
                    elif op == AUTO:
                        at = _auto(at, end, &slots[step.a].number)
                        fine = at != NULL
                    elif op == HEX:
                        at = _hex(at, end, &slots[step.a].number)
                        fine = at != NULL
                    elif op == TIME:
                        slots[step.a].number = _time(mark, at, &slots[step.a].length)
                        slots[step.a].text = mark
                        self.time_step = time_step
                    elif op == CLOCK:
                        slots[step.a].text = at
                        at = _clock(at, end, &slots[step.a].number, &slots[step.a].length)
                        fine = at != NULL
                        self.time_step = <int32_t>(step - steps)
                    else:
                        slots[step.a].number = ABSENT if step.b == HIDDEN_VALUE else step.b
            if fine:
                step += 1
                continue
            if tries == 0:
                return NULL
            tries -= 1
            if tries < self.missed.tries:
                self.missed.at = NULL
            step = steps + attempts[tries].step
            at = attempts[tries].at
            mark = attempts[tries].mark
            while stored > attempts[tries].stored:
                stored -= 1
                i = order[stored]
                slots[i].text = NULL
                slots[i].number = ABSENT
                mask &= ~(<uint64_t>1 << i)

    cdef void recall(self, Memo *memo, Slot *slots) noexcept nogil:
        """Fill the slots that the rest of a line fills."""
        cdef MemoField *field = self.memos.fields + memo.first
        cdef int i
        self.missed.at = NULL
        for i in range(memo.count):
            slots[field[i].slot].text = NULL
            slots[field[i].slot].number = field[i].number

    cdef int append(self, int code, Py_ssize_t number) except -1:
        """Append the event whose parts the slots hold."""
        cdef int i
        cdef Sheet *common = &self.common
        cdef Sheet *sheet = self.sheets + code
        cdef Slot *slot
        if common.size == common.room:
            _grow(common)
        if sheet.size == sheet.room:
            _grow(sheet)
        if self.prefix_row < 0:
            self.enter_prefix()
        if self.prefix[PREFIX_TIME].length == 0:
            self.ticks = True
        # the order of events.COMMON
        _put(common, 0, code)
        _put(common, 1, number)
        _put(common, 2, self.prefix[PREFIX_TIME].number)
        _put(common, 3, self.prefix_row)
        _put(sheet, 0, common.size)
        for i in range(sheet.width - 1):
            slot = &self.slots[i]
            if slot.text != NULL:
                slot.number = self.pool.intern(slot.text, slot.length)
            _put(sheet, 1 + i, slot.number)
        if self.missed.at != NULL:
            self.memos.keep(&self.missed, self.slots, self.filled, self.filled_count)
        sheet.size += 1
        common.size += 1
        return 0

    def intern(self, bytes text):
        """Return the id of a text, a new one for a new text."""
        return self.pool.intern(<Bytes>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    def add(self, common, values):
        """Append one event that was read elsewhere, see events.Columns.add."""
        cdef int i
        cdef Sheet *sheet = self.sheets + <int>common[0]
        if self.common.size == self.common.room:
            _grow(&self.common)
        if sheet.size == sheet.room:
            _grow(sheet)
        for i in range(3):
            _put(&self.common, i, common[i])
        _put(&self.common, 3, self.prefix_of(common[3:]))
        _put(sheet, 0, self.common.size)
        for i in range(sheet.width - 1):
            _put(sheet, 1 + i, values[i])
        sheet.size += 1
        self.common.size += 1

    cdef int64_t prefix_of(self, values) except -1:
        """Return the row of a prefix that was read elsewhere."""
        cdef int i
        key = repr(values).encode()
        cdef int64_t row = self.prefix_texts.intern(
            <Bytes>PyBytes_AS_STRING(key), <int32_t>PyBytes_GET_SIZE(key))
        if row == self.prefixes.size:
            for i in range(self.prefixes.width):
                self.prefix[PREFIX_CPU + i].text = NULL
                self.prefix[PREFIX_CPU + i].number = values[i]
            self.add_prefix()
        return row

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
        cdef Sheet *sheet
        common = [_finished(&self.common, i) for i in range(self.common.width)]
        kinds = []
        for code in range(self.known):
            sheet = self.sheets + code
            kinds.append([_finished(sheet, i) for i in range(sheet.width)])
            sheet.size = sheet.room = 0
        prefixes = [_finished(&self.prefixes, i) for i in range(self.prefixes.width)]
        self.common.size = self.common.room = self.prefixes.size = self.prefixes.room = 0
        return common, prefixes, kinds
