cimport cython

from tracekit.mm.slub_freelist cimport Freelist, Sequence


@cython.final
cdef class Slab:
    cdef public object name
    cdef readonly int objects
    cdef public int node
    cdef public bint old
    cdef public Freelist free
    cdef public bint frozen
    cdef public bint listed
    cdef public int count
    cdef readonly bytearray state
    cdef readonly list notes
    cdef public bint skipped


@cython.final
cdef class CpuSlab:
    cdef public Slab slab
    cdef public Freelist free
    cdef public list partial
    cdef public bint partial_unknown


@cython.final
cdef class Node:
    cdef public list partial
    cdef public bint unknown


cdef class Cache:
    cdef readonly Sequence sequence
    cdef readonly object rules
    cdef public bint old
    cdef readonly dict cpus
    cdef readonly dict nodes
    cdef readonly dict slabs
    cdef int _cpu_partial

    cpdef CpuSlab cpu(self, int number)
    cpdef Node node(self, int nid)
    @cython.locals(here=CpuSlab, slot=int)
    cpdef tuple predict(self, int cpu, int nid=*, bint strict=*)
    @cython.locals(slab=Slab, first=Slab)
    cdef bint _next_freelist(self, CpuSlab here, int nid, bint strict) except -1
    cdef _load(self, CpuSlab here, Slab slab)
    cdef bint _from_node(self, CpuSlab here, Node node) except -1
    cpdef commit(self, int cpu, Slab slab, int slot)
    cpdef Slab adopt_new(self, int cpu, object name, int objects, int slot, int nid=*, bint made=*)
    cpdef adopt(self, int cpu, Slab slab, int slot)
    @cython.locals(here=CpuSlab, prior=bint)
    cpdef free(self, int cpu, Slab slab, int slot)
    cdef _put_cpu_partial(self, CpuSlab here, Slab slab, bint drain)
    cpdef _list(self, Node node, Slab slab, bint head)
