# C types of frees.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc cimport PageAllocator, PcpList
from tracekit.mm.page_alloc_zone cimport Zone
from tracekit.replay.page_alloc.stream cimport Stream
from tracekit.replay.page_alloc.twin cimport Cpu, Twin

cdef int ALLOC, FREE, FREE_BATCHED, PCPU_DRAIN, ZONE_LOCKED

cdef class Frees:
    cdef public Twin twin
    cdef public Stream stream
    cdef public dict moving
    cdef dict _exact
    cdef list _starts
    cdef list _ends
    cdef set _initialised
    cdef bint _frees_first
    cdef dict __dict__

    cpdef allocated(self, tuple who, object pfn, int order)
    cpdef bint _surplus(self, Py_ssize_t row, tuple who)
    @cython.locals(stream=Stream)
    cpdef bint _trylock_fails(self, Py_ssize_t row, Zone zone, Cpu cpu)
    @cython.locals(stream=Stream, twin=Twin, cpu=Cpu, zone=Zone, order=cython.int)
    cpdef free(self, Py_ssize_t row)
    @cython.locals(stream=Stream, twin=Twin, who=tuple, order=cython.int, surplus=cython.bint)
    cpdef _put(self, Py_ssize_t row, Zone zone, Cpu cpu)
    @cython.locals(stream=Stream, twin=Twin)
    cpdef bint _check(self, Py_ssize_t row)
    @cython.locals(stream=Stream, cpu=Cpu, who=tuple, pending=cython.Py_ssize_t)
    cpdef free_batched(self, Py_ssize_t row)
    @cython.locals(pages=list, row=cython.Py_ssize_t)
    cpdef bint _waits(self, Cpu cpu, object pfn, tuple who)
    @cython.locals(stream=Stream, who=tuple, kind=cython.int)
    cpdef commit_all(self, Py_ssize_t row, Cpu cpu)
    @cython.locals(stream=Stream, allocator=PageAllocator, zone=Zone, pages=PcpList, order=cython.int)
    cpdef _commit(self, Py_ssize_t row, Cpu cpu, object number=*)
