cimport cython
from libc.stdint cimport int64_t

from tracekit.mm.slub cimport Cache, Slab
from tracekit.replay.slub.address cimport AddressCheck
from tracekit.replay.slub.desk cimport Desk, SimulatedCache
from tracekit.replay.slub.world cimport World

cdef int LIVE, UNKNOWN


@cython.final
cdef class AllocCheck:
    cdef Desk desk
    cdef World world
    cdef AddressCheck address
    cdef object rules
    cdef object ties
    cdef Py_ssize_t previous
    cdef const int64_t[::1] _cpu
    cdef const int64_t[::1] _where
    cdef const int64_t[::1] _what
    cdef const int64_t[::1] _node
    cdef const int64_t[::1] _asked
    cdef list _cache_of
    cdef bytes _kmalloc
    cdef list _first_rows
    cdef int64_t _off_row

    @cython.locals(
        world=World, key=Py_ssize_t, pointer=int64_t, before=Py_ssize_t, number=Py_ssize_t,
        kmalloc=Py_ssize_t, simulated=SimulatedCache, head=int64_t, slot=int,
    )
    cpdef alloc(self, Py_ssize_t row)
    cdef bint _printed_twice(self, Py_ssize_t row, int64_t pointer) except -9
    @cython.locals(
        world=World, owner=tuple, cpu=object, node=int64_t, nid=int64_t, strict=bint,
        slab=Slab,
    )
    cdef _in_slab(self, Py_ssize_t row, SimulatedCache simulated, int64_t head, int slot)
    @cython.locals(world=World, freed=int64_t, slab=Slab)
    cdef Slab _on_unknown_page(
        self, Py_ssize_t row, SimulatedCache simulated, int64_t head, int slot, tuple expected
    )
    @cython.locals(world=World, slab=Slab)
    cdef Slab _new_slab(
        self, Py_ssize_t row, SimulatedCache simulated, int64_t head, int slot, tuple expected
    )
    cdef bint _made_in_sight(self, Py_ssize_t row, int64_t head) except -9
    cdef _in_use(self, Py_ssize_t row, SimulatedCache simulated, tuple expected)
    @cython.locals(next_slab=Slab, next_slot=int, predicted=bint, cpu=int64_t, cache=Cache)
    cdef _on_slab(
        self, Py_ssize_t row, SimulatedCache simulated, Slab slab, int slot, tuple expected
    )
