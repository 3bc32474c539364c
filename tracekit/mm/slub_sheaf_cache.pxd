cimport cython

from tracekit.mm.slub cimport Slab
from tracekit.mm.slub_sheaf cimport Barn, CpuSheaves, Sheaf
from tracekit.mm.slub_sheaf_refill cimport UnfrozenCache


cdef class SheafCache(UnfrozenCache):
    cdef public dict at_hand
    cdef public dict barns
    cdef public object direct
    cdef public bint young
    cdef public bint fed_unseen

    cpdef CpuSheaves sheaves(self, int cpu)
    cpdef Barn barn(self, int nid)
    @cython.locals(here=CpuSheaves, past=bint, place=tuple)
    cpdef tuple predict(self, int cpu, int nid=*, bint strict=*)
    cdef tuple _peek_sheaves(self, CpuSheaves here, int nid)
    @cython.locals(sheaf=Sheaf)
    cdef tuple _peek_source(self, CpuSheaves here, int nid)
    @cython.locals(barn=Barn)
    cdef Sheaf _source(self, CpuSheaves here, int nid)
    @cython.locals(here=CpuSheaves)
    cpdef commit(self, int cpu, Slab slab, int slot)
    @cython.locals(barn=Barn)
    cdef _bring(self, CpuSheaves here, int nid)
    @cython.locals(here=CpuSheaves, nid=int)
    cpdef free(self, int cpu, Slab slab, int slot)
    @cython.locals(barn=Barn, full=Sheaf)
    cdef _make_room(self, CpuSheaves here, int nid)
