# Groups of rows with equal keys; included by _compiled.pyx.

cdef struct Figures:
    # of the things with one key, which is that of the row where it was first seen
    Py_ssize_t first
    int64_t hit, requested, allocated, moved, live, live_allocated


cdef class Groups:
    """The figures of each distinct tuple of keys, which are found by open addressing.

    A single key that is a small number, as the id of a text is, is its own place.
    """

    cdef const int64_t *keys[MAX_KEYS]
    cdef int width
    cdef bint small
    cdef int32_t *table                 # row of figures, -1 for none
    cdef Figures *figures
    cdef Py_ssize_t room, count

    def __cinit__(self, columns):
        cdef const int64_t[:] held
        cdef Py_ssize_t i
        self.width = 0
        for column in columns:
            held = column
            self.keys[self.width] = &held[0]
            self.width += 1
        self.small = self.width == 1
        for i in range(held.shape[0] if self.small else 0):
            if not 0 <= self.keys[0][i] < FIRST_GROUPS:
                self.small = False
                break
        self.grow(FIRST_GROUPS)

    def __dealloc__(self):
        free(self.table)
        free(self.figures)

    cdef int grow(self, Py_ssize_t room) except -1:
        cdef Py_ssize_t row
        free(self.table)
        self.table = <int32_t *>malloc(room * sizeof(int32_t))
        figures = <Figures *>realloc(self.figures, room * sizeof(Figures))
        if figures == NULL or self.table == NULL:
            raise MemoryError
        self.figures = figures
        self.room = room
        memset(self.table, 0xFF, room * sizeof(int32_t))
        for row in range(self.count):
            self.table[self.place(figures[row].first)] = <int32_t>row
        return 0

    cdef inline Py_ssize_t place(self, Py_ssize_t i) noexcept nogil:
        """Return the place of the key of row ``i``, or the free place where it belongs."""
        cdef uint64_t state = 0
        cdef Py_ssize_t at
        cdef int k
        if self.small:
            return self.keys[0][i]
        for k in range(self.width):
            state = (state ^ <uint64_t>self.keys[k][i]) * 0x9E3779B97F4A7C15ULL
            state ^= state >> 29
        at = <Py_ssize_t>(state & <uint64_t>(self.room - 1))
        while self.table[at] >= 0 and not self.equal(self.figures[self.table[at]].first, i):
            at = (at + 1) & (self.room - 1)
        return at

    cdef inline bint equal(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        cdef int k
        for k in range(self.width):
            if self.keys[k][i] != self.keys[k][j]:
                return False
        return True

    cdef Figures *of(self, Py_ssize_t i) except NULL:
        """Return the figures of the key of row ``i``."""
        cdef Py_ssize_t place = self.place(i)
        cdef Figures *found
        if self.table[place] >= 0:
            return self.figures + self.table[place]
        if 2 * (self.count + 1) > self.room and not self.small:
            self.grow(2 * self.room)
            place = self.place(i)
        self.table[place] = <int32_t>self.count
        found = self.figures + self.count
        memset(found, 0, sizeof(Figures))
        found.first = i
        self.count += 1
        return found

    cdef tuple key(self, Py_ssize_t row):
        cdef int k
        return tuple([self.keys[k][self.figures[row].first] for k in range(self.width)])
