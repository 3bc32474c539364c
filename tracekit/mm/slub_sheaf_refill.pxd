cimport cython

from tracekit.mm.slub cimport Cache, Node, Slab
from tracekit.mm.slub_freelist cimport Freelist, Sequence
from tracekit.mm.slub_sheaf cimport Run, Sheaf


cdef class UnfrozenCache(Cache):
    cdef public int capacity

    cpdef tuple peek_partial(self, int nid)
    @cython.locals(slab=Slab)
    cdef _tidy(self, Node node)
    @cython.locals(slab=Slab, last=Slab, taken=int, count=int)
    cpdef tuple peek_refill(self, Node node)
    @cython.locals(sheaf=Sheaf, node=Node, slab=Slab, count=int)
    cpdef Sheaf refilled(self, int nid)
    @cython.locals(count=int, slots=list, run=Run, free=Freelist, stacked=int)
    cdef _move(self, Sheaf sheaf, Node node, Slab slab)
    cpdef take_partial(self, Slab slab, int slot)
    @cython.locals(slab=Slab, slots=list, objects=list)
    cpdef flush(self, Sheaf sheaf)
    @cython.locals(was_full=bint, node=Node, slot=int)
    cpdef free_to_slab(self, Slab slab, list slots)


cpdef Slab owner_of(item)

@cython.locals(slots=list, at=int)
cdef list slots_of(Slab slab, int count, Sequence sequence)
