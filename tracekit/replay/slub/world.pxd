cimport cython
from libc.stdint cimport int64_t, uint64_t

from tracekit.mm.slub cimport Slab
from tracekit.replay.slub.desk cimport SimulatedCache
from tracekit.replay.slub.page_rows cimport PageRows

cdef uint64_t MASK
cdef int FREED, LIVE, NEVER_SEEN


@cython.final
cdef class World:
    cdef public object stream
    cdef public object linear
    cdef public object identity
    cdef public object nodes
    cdef public list caches
    cdef public dict slabs
    cdef public dict gone
    cdef public PageRows pages
    cdef public bint several
    cdef public dict whole
    cdef public dict returned
    cdef public dict cpu_node
    cdef public int64_t blind_row
    cdef const int64_t[::1] _where
    cdef const int64_t[::1] _what
    cdef uint64_t _base
    cdef int _shift

    @cython.locals(first=int64_t, last=int64_t, pfn=int64_t)
    cpdef page_alloc(self, Py_ssize_t row)
    @cython.locals(first=int64_t, pfn=int64_t)
    cpdef page_free(self, Py_ssize_t row)
    @cython.locals(simulated=SimulatedCache, slab=Slab)
    cdef _let_go(self, int64_t pfn, tuple known)
    @cython.locals(first=int64_t, last=int64_t, pfn=int64_t)
    cpdef own(self, SimulatedCache simulated, Slab slab)
    cpdef Slab old_slab(self, SimulatedCache simulated, int64_t head)
    cpdef SimulatedCache old_owner(self, int64_t pfn)
    @cython.locals(pfn=int64_t, simulated=SimulatedCache, slab=Slab, slot=int)
    cpdef bint made_by(self, int64_t pointer, Py_ssize_t row) except -9
    cpdef int64_t pfn(self, int64_t pointer) except? -9
    @cython.locals(place=int64_t, slot=int64_t, within=bint)
    cpdef int slot_of(self, SimulatedCache simulated, int64_t head, int64_t pointer) except -9
