# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, nonecheck=False
"""What events/bulk does, compiled: pairing and counting columns of events."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memset

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

cdef int64_t ABSENT = -(<int64_t>1 << 62) * 2

cdef enum:
    MAX_KINDS = 256
    MAX_KEYS = 8
    FIRST_GROUPS = 1 << 13
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


def pick(const int64_t[:] column, const int64_t[:] index):
    """See bulk.pick."""
    cdef Py_ssize_t i, size = column.shape[0]
    data, view = _column(index.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(index.shape[0]):
        out[i] = column[index[i]] if 0 <= index[i] < size else ABSENT
    return view


include "_open.pxi"


def lives(const int64_t[:] kind, roles, keys):
    """See bulk.lives."""
    cdef const int64_t[:] held
    cdef const int64_t *key_columns[MAX_KINDS]
    cdef int64_t *fates[MAX_KINDS]
    cdef Py_ssize_t next_row[MAX_KINDS]
    cdef int role[MAX_KINDS]
    cdef Py_ssize_t i
    cdef int64_t code, key
    cdef int64_t *fate
    cdef Open still = Open()
    keep, found = [], {}
    memset(role, 0, sizeof(role))
    for code, does in roles.items():
        column, rows = keys[code]
        data, found[code] = _column(rows)
        fates[code] = <int64_t *>PyBytes_AS_STRING(data)
        role[code] = does
        next_row[code] = 0
        key_columns[code] = NULL
        if column is not None and rows:
            held = column
            keep.append(held)
            key_columns[code] = &held[0]
    for i in range(kind.shape[0]):
        code = kind[i]
        if not role[code]:
            continue
        fate = fates[code] + next_row[code]
        key = ABSENT if key_columns[code] == NULL else key_columns[code][next_row[code]]
        next_row[code] += 1
        if key == ABSENT or key == 0:
            fate[0] = UNKNOWN
        elif role[code] == BEGINS:
            still.begin(key, i, fate)
        else:
            fate[0] = still.end(key, i)
    return found


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


def moved(const int64_t[:] begins, const int64_t[:] ends, const int64_t[:] prefix,
          const int64_t[:] cpus):
    """See bulk.moved."""
    cdef Py_ssize_t i
    cdef int64_t made, freed
    data, view = _column(begins.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(begins.shape[0]):
        out[i] = 0
        if ends[i] >= 0:
            made, freed = cpus[prefix[begins[i]]], cpus[prefix[ends[i]]]
            out[i] = made != freed and made != ABSENT and freed != ABSENT
    return view


def descents(const int64_t[:] values, const int64_t[:] prefix, const int64_t[:] groups):
    """See bulk.descents."""
    cdef Py_ssize_t i, size = values.shape[0]
    cdef int64_t group
    cdef int64_t last[MANY]
    cdef dict others = {}
    for i in range(MANY):
        last[i] = ABSENT
    found = []
    for i in range(size):
        group = groups[prefix[i]]
        if 0 <= group < MANY:
            if values[i] < last[group]:
                found.append(i)
            last[group] = values[i]
        else:
            if values[i] < others.get(group, ABSENT):
                found.append(i)
            others[group] = values[i]
    data, view = _column(len(found))
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(len(found)):
        out[i] = found[i]
    return view


include "_groups.pxi"


def tally(keys, const int64_t[:] requested, const int64_t[:] allocated, const int64_t[:] moves,
          const int64_t[:] fates):
    """See bulk.tally."""
    cdef Py_ssize_t i, row
    cdef Figures *figures
    if not fates.shape[0]:
        return {}
    cdef Groups groups = Groups(keys)
    for i in range(fates.shape[0]):
        figures = groups.of(i)
        figures.hit += 1
        if requested[i] != ABSENT:
            figures.requested += requested[i]
        if allocated[i] != ABSENT:
            figures.allocated += allocated[i]
        figures.moved += moves[i]
        if fates[i] == ALONE:
            figures.live += 1
            if allocated[i] != ABSENT:
                figures.live_allocated += allocated[i]
    found = {}
    for row in range(groups.count):
        figures = groups.figures + row
        found[groups.key(row)] = (
            figures.hit, figures.requested, figures.allocated, figures.moved, figures.live,
            figures.live_allocated)
    return found


def total(const int64_t[:] column):
    """See bulk.total."""
    cdef Py_ssize_t i
    cdef int64_t sum = 0
    for i in range(column.shape[0]):
        if column[i] != ABSENT:
            sum += column[i]
    return sum


def locate(const int64_t[:] index, const int64_t[:] wanted, Py_ssize_t size):
    """See bulk.locate."""
    cdef Py_ssize_t i
    data, view = _column(wanted.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    cdef int32_t *rows = <int32_t *>calloc(max(size, 1), sizeof(int32_t))
    if rows == NULL:
        raise MemoryError
    for i in range(index.shape[0]):
        rows[index[i]] = <int32_t>i + 1
    for i in range(wanted.shape[0]):
        out[i] = rows[wanted[i]] - 1 if wanted[i] >= 0 else -1
    free(rows)
    return view


def number(keys):
    """See bulk.number."""
    cdef Py_ssize_t i, row, size = len(keys[0])
    cdef Figures *figures
    data, numbers = _column(size)
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    if not size:
        return numbers, numbers, numbers
    cdef Groups groups = Groups(keys)
    for i in range(size):
        figures = groups.of(i)
        figures.hit += 1
        out[i] = figures - groups.figures
    data, firsts = _column(groups.count)
    cdef int64_t *first = <int64_t *>PyBytes_AS_STRING(data)
    data, counts = _column(groups.count)
    cdef int64_t *count = <int64_t *>PyBytes_AS_STRING(data)
    for row in range(groups.count):
        first[row] = groups.figures[row].first
        count[row] = groups.figures[row].hit
    return numbers, firsts, counts


def partners(const int64_t[:] role, const int64_t[:] key):
    """See bulk.partners."""
    cdef Py_ssize_t i
    cdef Open still = Open()
    data, view = _column(role.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(role.shape[0]):
        out[i] = ALONE
        if role[i] == BEGINS:
            still.begin(key[i], i, out + i)
        elif role[i] == ENDS:
            out[i] = still.end(key[i], i)
    return view


def within(const int64_t[:] column, int64_t low, int64_t high):
    """See bulk.within."""
    cdef Py_ssize_t i, size = 0
    data, view = _column(column.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(column.shape[0]):
        if low <= column[i] <= high:
            out[size] = i
            size += 1
    return view[:size]


def known(const int64_t[:] column):
    """See bulk.known."""
    cdef Py_ssize_t i, size = 0
    data, view = _column(column.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(column.shape[0]):
        if column[i] != 0 and column[i] != ABSENT:
            out[size] = i
            size += 1
    return view[:size]


def fill(const int64_t[:] column, int64_t value):
    """See bulk.fill."""
    cdef Py_ssize_t i
    data, view = _column(column.shape[0])
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for i in range(column.shape[0]):
        out[i] = value if column[i] == ABSENT else column[i]
    return view


def interleave(columns):
    """See bulk.interleave."""
    cdef const int64_t *values[MAX_KINDS]
    cdef Py_ssize_t left[MAX_KINDS]
    cdef Py_ssize_t at[MAX_KINDS]
    cdef Py_ssize_t place, size = 0
    cdef int k, best, count = len(columns)
    cdef const int64_t[:] held
    keep = []
    for k in range(count):
        held = columns[k]
        keep.append(held)
        values[k] = &held[0] if held.shape[0] else NULL
        left[k] = len(columns[k])
        at[k] = size
        size += left[k]
    data, view = _column(size)
    cdef int64_t *out = <int64_t *>PyBytes_AS_STRING(data)
    for place in range(size):
        best = -1
        for k in range(count):
            if left[k] and (best < 0 or values[k][0] < values[best][0]):
                best = k
        out[place] = at[best]
        at[best] += 1
        left[best] -= 1
        values[best] += 1
    return view
