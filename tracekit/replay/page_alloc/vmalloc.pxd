# C types of vmalloc.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc cimport PageAllocator, PcpList
from tracekit.mm.page_alloc_zone cimport Zone
from tracekit.replay.page_alloc.policy cimport Policy
from tracekit.replay.page_alloc.stream cimport Stream

cdef class Freeing:
    cdef public object cpu
    cdef public long long start
    cdef public long long end

cdef class Vmalloc:
    cdef public PageAllocator allocator
    cdef public Policy policy
    cdef public dict pending
    cdef public Freeing freeing
    cdef public dict taken
    cdef dict _wanted
    cdef set _pages
    cdef dict __dict__

    cpdef allocated(self, Stream stream, Py_ssize_t row)
    cpdef bint begins(self, Stream stream, Py_ssize_t row)
    @cython.locals(freeing=Freeing)
    cpdef bint gathers(self, Stream stream, Py_ssize_t row)
