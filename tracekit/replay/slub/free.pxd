cimport cython
from libc.stdint cimport int64_t

from tracekit.mm.slub cimport Slab
from tracekit.replay.slub.address cimport AddressCheck
from tracekit.replay.slub.desk cimport Desk, SimulatedCache
from tracekit.replay.slub.world cimport World

cdef int FREED, LIVE, NEVER_SEEN


@cython.final
cdef class FreeCheck:
    cdef Desk desk
    cdef AddressCheck address
    cdef World world
    cdef object rules
    cdef object ties
    cdef bint _several
    cdef const int64_t[::1] _cpu
    cdef const int64_t[::1] _where
    cdef const int64_t[::1] _what

    @cython.locals(pointer=int64_t, pfn=int64_t, owner=tuple)
    cpdef free(self, Py_ssize_t row)
    @cython.locals(world=World, older=SimulatedCache, slab=Slab)
    cdef _outside_slabs(self, Py_ssize_t row, int64_t pointer, int64_t pfn)
    @cython.locals(slot=int, named=int64_t, state=int, other=bint)
    cdef _in_slab(
        self, Py_ssize_t row, int64_t pointer, SimulatedCache simulated, Slab slab
    )
    cdef _count_travel(self, Py_ssize_t row, SimulatedCache simulated, Py_ssize_t made)
    cdef bint _explained(
        self, Py_ssize_t row, SimulatedCache simulated, Slab slab, int slot, bint other
    ) except -9
