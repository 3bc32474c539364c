# Growing columns and a pool of texts, included by _scanner.pyx.

cdef enum:
    MAX_COLUMNS = 40
    FIRST_ROOM = 512            # a page of most machines

cdef extern from *:
    """
    #include <stdlib.h>
    #ifdef __linux__
    #include <sys/mman.h>
    /* Pages are moved, not copied: realloc() copies whatever malloc() took from its heap. */
    static void *tracekit_resize(void *old, size_t had, size_t size) {
        void *now = old ? mremap(old, had, size, MREMAP_MAYMOVE)
            : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return now == MAP_FAILED ? NULL : now;
    }
    static void tracekit_release(void *old, size_t had) {
        if (old)
            munmap(old, had);
    }
    #else
    static void *tracekit_resize(void *old, size_t had, size_t size) {
        (void)had;
        return realloc(old, size);
    }
    static void tracekit_release(void *old, size_t had) {
        (void)had;
        free(old);
    }
    #endif
    """
    # both take bytes, never none of them; NULL where there is no more memory
    void *_resize "tracekit_resize" (void *old, size_t had, size_t size) nogil
    void _release "tracekit_release" (void *old, size_t had) nogil

cdef int64_t ABSENT = -(<int64_t>1 << 62) * 2

cdef struct Sheet:
    # columns of one length; one that shows nothing yet is NULL
    Py_ssize_t size
    Py_ssize_t room
    int width
    int64_t *columns[MAX_COLUMNS]

cdef struct Entry:
    uint64_t hash
    Py_ssize_t offset
    int32_t length
    int32_t number


cdef class Column:
    """A finished column: a buffer of signed 64-bit integers that owns its memory."""

    cdef int64_t *data
    cdef Py_ssize_t room
    cdef Py_ssize_t shape[1]
    cdef Py_ssize_t strides[1]

    def __getbuffer__(self, Py_buffer *view, int flags):
        view.buf = self.data
        view.obj = self
        view.len = self.shape[0] * 8
        view.itemsize = 8
        view.readonly = 0
        view.ndim = 1
        view.format = "q"
        view.shape = self.shape
        view.strides = self.strides
        view.suboffsets = NULL
        view.internal = NULL

    def __dealloc__(self):
        _release(self.data, self.room * 8)


cdef object _finished(Sheet *sheet, int place):
    """Hand the memory of a column over to a memoryview; None for one that shows nothing."""
    cdef int64_t *data = sheet.columns[place]
    if data == NULL:
        return None
    cdef Py_ssize_t room = max(sheet.size, 1)
    cdef int64_t *fitted = <int64_t *>_resize(data, sheet.room * 8, room * 8)
    cdef Column column = Column.__new__(Column)
    # to give memory back may fail, and harms nothing
    column.data, column.room = (data, sheet.room) if fitted == NULL else (fitted, room)
    column.shape[0] = sheet.size
    column.strides[0] = 8
    sheet.columns[place] = NULL
    return memoryview(column)


cdef int _grow(Sheet *sheet) except -1:
    """Make room for more rows in every column that there is."""
    cdef Py_ssize_t room = max(sheet.room + sheet.room // 2, FIRST_ROOM)
    cdef int i
    for i in range(sheet.width):
        if sheet.columns[i] != NULL:
            data = <int64_t *>_resize(sheet.columns[i], sheet.room * 8, room * 8)
            if data == NULL:
                raise MemoryError
            sheet.columns[i] = data
    sheet.room = room
    return 0


cdef int _first(Sheet *sheet, int place, int64_t value) except -1:
    """Write into a column that showed nothing up to the row at hand."""
    cdef Py_ssize_t i
    if value == ABSENT:
        return 0
    data = <int64_t *>_resize(NULL, 0, sheet.room * 8)
    if data == NULL:
        raise MemoryError
    for i in range(sheet.size):
        data[i] = ABSENT
    data[sheet.size] = value
    sheet.columns[place] = data
    return 0


cdef void _forget(Sheet *sheet) noexcept:
    """Give the memory of all columns back."""
    cdef int i
    for i in range(MAX_COLUMNS):
        _release(sheet.columns[i], sheet.room * 8)
        sheet.columns[i] = NULL
    sheet.size = sheet.room = 0


cdef inline int _put(Sheet *sheet, int place, int64_t value) except -1:
    """Write into the row that is being added; there must be room for it."""
    if sheet.columns[place] == NULL:
        return _first(sheet, place, value)
    sheet.columns[place][sheet.size] = value
    return 0


cdef uint64_t _hash(Bytes text, Py_ssize_t length) noexcept nogil:
    """Eight bytes at a time; only speed and spread matter, it is never stored."""
    cdef uint64_t state = <uint64_t>length * 0x9E3779B97F4A7C15ULL
    cdef uint64_t word
    while length >= 8:
        memcpy(&word, text, 8)
        state = (state ^ word) * 0xFF51AFD7ED558CCDULL
        state ^= state >> 32
        text += 8
        length -= 8
    word = 0
    while length > 0:
        length -= 1
        word = word << 8 | text[length]
    state = (state ^ word) * 0xC4CEB9FE1A85EC53ULL
    return state ^ (state >> 29)


cdef inline bint _same(Bytes one, Bytes other, Py_ssize_t length) noexcept nogil:
    """Whether two texts are equal: as memcmp, for short ones without the call."""
    cdef uint64_t a, b
    if length >= 8:
        while length > 8:
            memcpy(&a, one, 8)
            memcpy(&b, other, 8)
            if a != b:
                return False
            one += 8
            other += 8
            length -= 8
        memcpy(&a, one + length - 8, 8)
        memcpy(&b, other + length - 8, 8)
        return a == b
    while length > 0:
        length -= 1
        if one[length] != other[length]:
            return False
    return True


cdef class Texts:
    """Distinct texts and their ids, in the order in which they first came."""

    cdef Entry *entries
    cdef Py_ssize_t room
    cdef int32_t count
    cdef uint8_t *arena
    cdef Py_ssize_t used
    cdef Py_ssize_t held
    cdef list found

    def __cinit__(self):
        self.room = 1 << 10
        self.held = 1 << 14
        self.entries = <Entry *>calloc(self.room, sizeof(Entry))
        self.arena = <uint8_t *>malloc(self.held)
        self.found = []
        if self.entries == NULL or self.arena == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.entries)
        free(self.arena)

    cdef int64_t intern(self, Bytes text, int32_t length) except -1:
        """Return the id of a text, a new one for a new text."""
        cdef uint64_t hash = _hash(text, length) | 1
        cdef Py_ssize_t place = <Py_ssize_t>(hash >> 8) & (self.room - 1)
        cdef Entry *entry = &self.entries[place]
        while entry.hash:
            if (entry.hash == hash and entry.length == length
                    and _same(self.arena + entry.offset, text, length)):
                return entry.number
            place = (place + 1) & (self.room - 1)
            entry = &self.entries[place]
        return self.add(entry, hash, text, length)

    cdef int64_t add(self, Entry *entry, uint64_t hash, Bytes text, int32_t length) except -1:
        if self.used + length > self.held:
            self.held = 2 * (self.held + length)
            arena = <uint8_t *>realloc(self.arena, self.held)
            if arena == NULL:
                raise MemoryError
            self.arena = arena
        memcpy(self.arena + self.used, text, length)
        entry.hash = hash
        entry.offset = self.used
        entry.length = length
        entry.number = self.count
        self.used += length
        self.count += 1
        self.found.append(PyBytes_FromStringAndSize(<const char *>text, length))
        if 2 * self.count > self.room:
            self.grow()
        return self.count - 1

    cdef int grow(self) except -1:
        cdef Py_ssize_t i, place, room = 2 * self.room
        cdef Entry *entries = <Entry *>calloc(room, sizeof(Entry))
        if entries == NULL:
            raise MemoryError
        for i in range(self.room):
            if self.entries[i].hash:
                place = <Py_ssize_t>(self.entries[i].hash >> 8) & (room - 1)
                while entries[place].hash:
                    place = (place + 1) & (room - 1)
                entries[place] = self.entries[i]
        free(self.entries)
        self.entries = entries
        self.room = room
        return 0
