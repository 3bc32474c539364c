cimport cython
from libc.stdint cimport int64_t

from tracekit.mm.slub cimport Cache


@cython.final
cdef class SimulatedCache:
    cdef public object facts
    cdef public Cache cache
    cdef public object name
    cdef public bint silent
    cdef public bint blind
    cdef public bint first_on_new
    cdef public int order
    cdef public int64_t size
    cdef public int objects
    cdef public int64_t offset
    cdef public int64_t bulk
    cdef public int64_t bulk_row
    cdef public int64_t allocs
    cdef public int64_t frees
    cdef public int64_t asked
    cdef public int64_t old_slabs
    cdef public dict last_row
    cdef public int64_t peak_slabs
    cdef public int64_t travelled
    cdef public int64_t travelled_row
    cdef set _names

    cpdef bint belongs_to_other(self, name) except -9


@cython.final
cdef class Desk:
    cdef public object ledger
    cdef public object stream
    cdef public object linear
    cdef public int64_t objects
    cdef public int64_t addresses
    cdef public int64_t frees
    cdef public object inferred
    cdef public object unchecked
