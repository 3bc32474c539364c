# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False
"""What events/bulk does, compiled: merging, pairing and grouping columns of events."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

cdef int64_t ABSENT = -(<int64_t>1 << 62) * 2

cdef enum:
    MAX_KINDS = 256
    MANY = 1024
    BEGINS = 1
    ENDS = 2
    ALONE = -1
    UNKNOWN = -2
    UNSEEN = -3


cdef tuple _column(Py_ssize_t size):
    """A new column: its bytes, and the memoryview that is handed out."""
    data = PyBytes_FromStringAndSize(NULL, size * 8)
    return data, memoryview(data).cast("q")


def merge(const int64_t[:] kind, columns):
    """See bulk.merge."""
    cdef const int64_t[:] held
    cdef const int64_t *sources[MAX_KINDS]
    cdef Py_ssize_t next_row[MAX_KINDS]
    cdef uint8_t wanted[MAX_KINDS]
    cdef Py_ssize_t i, place = 0, size = 0
    cdef int64_t code
    cdef int64_t *out
    keep = []
    memset(wanted, 0, MAX_KINDS)
    for code, (column, rows) in columns.items():
        wanted[code] = 1
        next_row[code] = 0
        sources[code] = NULL
        size += rows
        if column is not None and rows:
            held = column
            keep.append(held)
            sources[code] = &held[0]
    data, view = _column(size)
    out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(kind.shape[0]):
        code = kind[i]
        if wanted[code]:
            out[place] = ABSENT if sources[code] == NULL else sources[code][next_row[code]]
            next_row[code] += 1
            place += 1
    return view


def pick(const int64_t[:] column, const int64_t[:] index):
    """See bulk.pick."""
    cdef Py_ssize_t i, size = column.shape[0]
    data, view = _column(index.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(index.shape[0]):
        out[i] = column[index[i]] if 0 <= index[i] < size else ABSENT
    return view


def scatter(const int64_t[:] index, Py_ssize_t size):
    """See bulk.scatter."""
    cdef Py_ssize_t i
    data, view = _column(size)
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    memset(out, 0xFF, size * 8)
    for i in range(index.shape[0]):
        out[index[i]] = i
    return view


cdef struct Pair:
    int64_t key
    int64_t place


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

    cdef int64_t begin(self, int64_t key, int64_t place) except -2:
        """Note that something begins; return what was open under its key, -1 for nothing."""
        cdef Py_ssize_t at = self._find(key)
        cdef int64_t before = self.pairs[at].place
        self.pairs[at].key = key
        self.pairs[at].place = place
        if before < 0:
            self.used += 1
            if 2 * self.used > self.room:
                self._grow(2 * self.room)
        return before

    cdef int64_t end(self, int64_t key) noexcept nogil:
        """Close what is open under the key; return its place, -1 where nothing is."""
        cdef Py_ssize_t at = self._find(key), hole, home
        cdef int64_t place = self.pairs[at].place
        if place < 0:
            return -1
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


def lives(const int64_t[:] kind, roles, keys):
    """See bulk.lives."""
    cdef const int64_t[:] held
    cdef const int64_t *key_columns[MAX_KINDS]
    cdef Py_ssize_t next_row[MAX_KINDS]
    cdef int role[MAX_KINDS]
    cdef Py_ssize_t sizes[3]
    cdef Py_ssize_t i, made = 0, ended = 0
    cdef int64_t code, key, row
    cdef Open still = Open()
    keep = []
    memset(role, 0, sizeof(role))
    sizes[BEGINS] = sizes[ENDS] = 0
    for code, does in roles.items():
        column, rows = keys[code]
        role[code] = does
        next_row[code] = 0
        key_columns[code] = NULL
        sizes[role[code]] += rows
        if column is not None and rows:
            held = column
            keep.append(held)
            key_columns[code] = &held[0]
    begun_data, begun = _column(sizes[BEGINS])
    freed_data, freed = _column(sizes[BEGINS])
    fate_data, fates = _column(sizes[ENDS])
    cdef int64_t *begun_out = <int64_t *>PyBytes_AS_STRING(begun_data)
    cdef int64_t *freed_out = <int64_t *>PyBytes_AS_STRING(freed_data)
    cdef int64_t *fate_out = <int64_t *>PyBytes_AS_STRING(fate_data)
    for i in range(kind.shape[0]):
        code = kind[i]
        if not role[code]:
            continue
        key = ABSENT if key_columns[code] == NULL else key_columns[code][next_row[code]]
        next_row[code] += 1
        if role[code] == BEGINS:
            begun_out[made] = i
            freed_out[made] = UNKNOWN
            if key != ABSENT and key != 0:
                freed_out[made] = ALONE
                row = still.begin(key, made)
                if row >= 0:
                    freed_out[row] = UNSEEN
            made += 1
        else:
            fate_out[ended] = UNKNOWN
            if key != ABSENT and key != 0:
                row = still.end(key)
                fate_out[ended] = row
                if row >= 0:
                    freed_out[row] = i
            ended += 1
    return begun, freed, fates


def places(const int64_t[:] column, int64_t value):
    """See bulk.places."""
    cdef Py_ssize_t i, size = 0, place = 0
    for i in range(column.shape[0]):
        size += column[i] == value
    data, view = _column(size)
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(column.shape[0]):
        if column[i] == value:
            out[place] = i
            place += 1
    return view


def unequal(const int64_t[:] one, const int64_t[:] other):
    """See bulk.unequal."""
    cdef Py_ssize_t i
    data, view = _column(one.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(one.shape[0]):
        out[i] = one[i] != other[i] and one[i] != ABSENT and other[i] != ABSENT
    return view


def descents(const int64_t[:] values, const int64_t[:] groups):
    """See bulk.descents."""
    cdef Py_ssize_t i, size = values.shape[0]
    cdef int64_t last[MANY]
    cdef dict others = {}
    for i in range(MANY):
        last[i] = ABSENT
    found = []
    for i in range(size):
        if 0 <= groups[i] < MANY:
            if values[i] < last[groups[i]]:
                found.append(i)
            last[groups[i]] = values[i]
        else:
            if values[i] < others.get(groups[i], ABSENT):
                found.append(i)
            others[groups[i]] = values[i]
    data, view = _column(len(found))
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(len(found)):
        out[i] = found[i]
    return view


cdef class Groups:
    """Distinct keys of several columns: the place where each was first seen, by open addressing."""

    cdef Py_ssize_t *table
    cdef Py_ssize_t room

    def __dealloc__(self):
        PyMem_Free(self.table)

    cdef int clear(self, Py_ssize_t room) except -1:
        PyMem_Free(self.table)
        self.table = <Py_ssize_t *>PyMem_Malloc(room * sizeof(Py_ssize_t))
        if self.table == NULL:
            raise MemoryError
        self.room = room
        memset(self.table, 0xFF, room * sizeof(Py_ssize_t))
        return 0


cdef inline uint64_t _mix(const int64_t **keys, int count, Py_ssize_t i) noexcept nogil:
    cdef uint64_t state = 0
    cdef int k
    for k in range(count):
        state = (state ^ <uint64_t>keys[k][i]) * 0x9E3779B97F4A7C15ULL
        state ^= state >> 29
    return state


cdef inline bint _equal(const int64_t **keys, int count, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    cdef int k
    for k in range(count):
        if keys[k][i] != keys[k][j]:
            return False
    return True


def group(keys, values):
    """See bulk.group."""
    cdef Py_ssize_t i, at, row, rows = 0, size = len(keys[0]), width = 2 + len(values)
    cdef int count = len(keys), k, summed = len(values)
    cdef const int64_t[:] held
    cdef const int64_t *sources[MAX_KINDS]
    cdef const int64_t *key_columns[MAX_KINDS]
    cdef Groups known = Groups()
    cdef int64_t *sums = NULL
    if not size:
        return {}
    keep = []
    for k, column in enumerate(keys):
        held = column
        keep.append(held)
        key_columns[k] = &held[0]
    for k, column in enumerate(values):
        held = column
        keep.append(held)
        sources[k] = &held[0]
    known.clear(1 << 12)
    # a row: where its key was first seen, how often, and the sums
    cdef bytearray held_sums = bytearray(known.room // 2 * width * 8)
    sums = <int64_t *><char *>held_sums
    for i in range(size):
        at = _mix(key_columns, count, i) & (known.room - 1)
        while True:
            row = known.table[at]
            if row < 0 or _equal(key_columns, count, sums[row * width], i):
                break
            at = (at + 1) & (known.room - 1)
        if row < 0:
            if 2 * (rows + 1) > known.room:
                held_sums.extend(bytes(len(held_sums)))
                sums = <int64_t *><char *>held_sums
                known.clear(2 * known.room)
                for row in range(rows):
                    at = _mix(key_columns, count, sums[row * width]) & (known.room - 1)
                    while known.table[at] >= 0:
                        at = (at + 1) & (known.room - 1)
                    known.table[at] = row
                at = _mix(key_columns, count, i) & (known.room - 1)
                while known.table[at] >= 0:
                    at = (at + 1) & (known.room - 1)
            row = rows
            rows += 1
            known.table[at] = row
            sums[row * width] = i
        sums[row * width + 1] += 1
        for k in range(summed):
            if sources[k][i] != ABSENT:
                sums[row * width + 2 + k] += sources[k][i]
    view = memoryview(held_sums).cast("q")
    found = {}
    for row in range(rows):
        i = sums[row * width]
        key = tuple([key_columns[k][i] for k in range(count)])
        found[key] = tuple(view[row * width + 1 : (row + 1) * width])
    return found
