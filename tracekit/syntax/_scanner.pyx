# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False
"""The compiled byte scanner: runs line programs (syntax/steps.py) and fills columns.

It knows no event and no field: what to read comes from the programs, which are lowered from
the grammars. A line that no program reads is handed to ``slow.read``, in its place.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset

cdef enum:
    MAX_PREFIX = 256
    MAX_RECENT = 4
    PREFIX_SLOTS = 8

ctypedef const uint8_t *Bytes

include "_columns.pxi"
include "_tokens.pxi"
include "_memo.pxi"
include "_machine.pxi"

# places in assemble.PREFIX
cdef enum:
    PREFIX_TIME, PREFIX_CPU, PREFIX_PID, PREFIX_COMM, PREFIX_FLAGS, PREFIX_TGID, PREFIX_TID

cdef struct Recent:
    # a line's beginning up to its time stamp, the row that it has in ``prefixes``, and the step
    # that reads on from there
    Py_ssize_t size
    int64_t row
    int32_t step
    uint8_t text[MAX_PREFIX]


cdef class Scanner(Machine):
    """Columns that are filled straight from bytes, with the interface of events.Columns.

    ``lines`` and ``events`` count what was read here, not what ``slow`` read. ``held`` is set
    by ``slow`` while it keeps a wrapped line back; it is flushed before the next event.
    """

    least = 0
    cdef readonly tuple kinds
    cdef readonly Py_ssize_t events, lines
    cdef public bint held
    cdef readonly bint ticks
    cdef Texts pool, names
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
    cdef Bytes line_start
    cdef Slot slots[MAX_SLOTS]
    cdef Py_ssize_t *unknown_counts
    cdef Py_ssize_t unknown_room

    def __cinit__(self, tables):
        cdef Py_ssize_t i
        self.kinds = tables.kinds
        self.known = len(tables.kinds)
        self.commons = tables.commons
        self.frames = tables.frames
        self.starts = <int32_t *>calloc(self.frames + 2 * self.known, 4)
        self.required = <uint64_t *>calloc(self.known, 8)
        self.sheets = <Sheet *>calloc(self.known, sizeof(Sheet))
        if not (self.starts and self.required and self.sheets):
            raise MemoryError
        self.common.width = self.commons
        self.prefixes.width = PREFIX_TID - PREFIX_CPU
        self.prefix_texts = Texts()
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
        cdef Py_ssize_t code
        _forget(&self.common)
        _forget(&self.prefixes)
        for code in range(self.known if self.sheets else 0):
            _forget(&self.sheets[code])
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
