cimport cython

from tracekit.mm.slub cimport Slab
from tracekit.mm.slub_freelist cimport Sequence


@cython.final
cdef class Run:
    cdef public Slab slab
    cdef public int popped


@cython.final
cdef class Sheaf:
    cdef public list items
    cdef public object below
    cdef public Run tail

    cpdef bint is_empty(self) except -9
    cpdef bint is_full(self, int capacity) except -9
    @cython.locals(slab=Slab, run=Run)
    cpdef tuple peek(self, Sequence sequence)
    cpdef pop(self, Slab slab, int slot, Sequence sequence)
    cpdef push(self, Slab slab, int slot)


@cython.locals(slab=Slab)
cdef _follow(Run run, int slot, Sequence sequence)


@cython.final
cdef class CpuSheaves:
    cdef public int capacity
    cdef public int nid
    cdef public bint known
    cdef public Sheaf main
    cdef public Sheaf spare
    cdef public int most
    cdef public list pieces

    cpdef bint put_unsure(self, Slab slab, int slot) except -9
    cpdef take_unsure(self, Slab slab, int slot)


@cython.final
cdef class Barn:
    cdef public list full
    cdef public bint unknown
