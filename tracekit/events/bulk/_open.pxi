# What has begun and not ended, by key; included by _compiled.pyx.

cdef struct Pair:
    int64_t key
    int64_t place               # in the global order; -1: no entry
    int64_t *fate               # where it is noted what becomes of it


cdef class Open:
    """The places of what has begun and not ended, by key; open addressing, linear probing."""

    cdef Pair *pairs
    cdef Py_ssize_t room, used

    def __cinit__(self):
        self.room = 0
        self._grow(1 << 12)

    def __dealloc__(self):
        PyMem_Free(self.pairs)

    cdef int _grow(self, Py_ssize_t room) except -1:
        cdef Pair *old = self.pairs
        cdef Py_ssize_t i, last = self.room
        self.pairs = <Pair *>PyMem_Malloc(room * sizeof(Pair))
        if self.pairs == NULL:
            self.pairs = old
            raise MemoryError
        self.room = room
        for i in range(room):
            self.pairs[i].place = -1
        for i in range(last):
            if old[i].place >= 0:
                self.pairs[self._find(old[i].key)] = old[i]
        PyMem_Free(old)
        return 0

    cdef inline Py_ssize_t _home(self, int64_t key) noexcept nogil:
        return <Py_ssize_t>((<uint64_t>key * 0x9E3779B97F4A7C15ULL) >> 20) & (self.room - 1)

    cdef inline Py_ssize_t _find(self, int64_t key) noexcept nogil:
        cdef Py_ssize_t at = self._home(key)
        while self.pairs[at].place >= 0 and self.pairs[at].key != key:
            at = (at + 1) & (self.room - 1)
        return at

    cdef int begin(self, int64_t key, int64_t place, int64_t *fate) except -1:
        """Note that something begins; what was open under its key has ended unseen."""
        cdef Py_ssize_t at = self._find(key)
        cdef bint new = self.pairs[at].place < 0
        if not new:
            self.pairs[at].fate[0] = UNSEEN
        fate[0] = ALONE
        self.pairs[at] = Pair(key, place, fate)
        if new:
            self.used += 1
            if 2 * self.used > self.room:
                self._grow(2 * self.room)
        return 0

    cdef int64_t end(self, int64_t key, int64_t end) noexcept nogil:
        """Close what is open under the key; return its place, ALONE where nothing is."""
        cdef Py_ssize_t at = self._find(key), hole, home
        cdef int64_t place = self.pairs[at].place
        if place < 0:
            return ALONE
        self.pairs[at].fate[0] = end
        self.used -= 1
        hole = at
        while True:
            at = (at + 1) & (self.room - 1)
            if self.pairs[at].place < 0:
                break
            home = self._home(self.pairs[at].key)
            if (at - home) & (self.room - 1) >= (at - hole) & (self.room - 1):
                self.pairs[hole] = self.pairs[at]
                hole = at
        self.pairs[hole].place = -1
        return place
