# Growing columns and a pool of texts, included by _scanner.pyx.

cdef enum:
    FIRST_ROOM = 1024

cdef int64_t ABSENT = -(<int64_t>1 << 62) * 2

cdef struct Buffer:
    int64_t *data
    Py_ssize_t room

cdef struct Entry:
    uint64_t hash
    Py_ssize_t offset
    int32_t length
    int32_t number


cdef class Column:
    """A finished column: a buffer of signed 64-bit integers that owns its memory."""

    cdef int64_t *data
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
        free(self.data)


cdef object _finished(Buffer *buffer, Py_ssize_t size):
    """Hand the memory of a buffer over to a memoryview."""
    cdef Column column = Column.__new__(Column)
    column.data = <int64_t *>realloc(buffer.data, max(size, 1) * 8)
    column.shape[0] = size
    column.strides[0] = 8
    buffer.data = NULL
    buffer.room = 0
    return memoryview(column)


cdef int _put(Buffer *buffer, Py_ssize_t place, int64_t value) except -1:
    """Write at the end of a column; one that shows nothing yet is made when it first does."""
    cdef Py_ssize_t i, room
    if place >= buffer.room:
        if buffer.data == NULL and value == ABSENT:
            return 0
        room = max(place + 1, buffer.room + buffer.room // 2, FIRST_ROOM)
        data = <int64_t *>realloc(buffer.data, room * 8)
        if data == NULL:
            raise MemoryError
        if buffer.data == NULL:
            for i in range(place):
                data[i] = ABSENT
        buffer.data = data
        buffer.room = room
    buffer.data[place] = value
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
    memcpy(&word, text, length)
    state = (state ^ word) * 0xC4CEB9FE1A85EC53ULL
    return state ^ (state >> 29)


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
        self.room = 1 << 13
        self.held = 1 << 16
        self.entries = <Entry *>calloc(self.room, sizeof(Entry))
        self.arena = <uint8_t *>malloc(self.held)
        self.found = []
        if self.entries == NULL or self.arena == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.entries)
        free(self.arena)

    cdef int64_t intern(self, Bytes text, int32_t length) except -1:
        cdef uint64_t hash = _hash(text, length) | 1
        cdef Py_ssize_t place = hash & (self.room - 1)
        cdef Entry *entry = &self.entries[place]
        while entry.hash:
            if (entry.hash == hash and entry.length == length
                    and memcmp(self.arena + entry.offset, text, length) == 0):
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
                place = self.entries[i].hash & (room - 1)
                while entries[place].hash:
                    place = (place + 1) & (room - 1)
                entries[place] = self.entries[i]
        free(self.entries)
        self.entries = entries
        self.room = room
        return 0
