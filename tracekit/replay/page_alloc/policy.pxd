# C types of policy.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc cimport PageAllocator, PcpList
from tracekit.mm.page_alloc_zone cimport Zone
from tracekit.replay.page_alloc.stream cimport Stream

cdef class Policy:
    cdef public PageAllocator allocator
    cdef public dict nodes
    cdef public list nids
    cdef public bint several
    cdef public bint interleaving
    cdef public object _last
    cdef public dict _habits
    cdef public dict _lists
    cdef dict __dict__

    cpdef watch(self, Stream stream, Py_ssize_t row)
    cpdef object wanted_node(self, Stream stream, Py_ssize_t row)
    cpdef served(self, Stream stream, Py_ssize_t row, object nid)
    @cython.locals(allocator=PageAllocator)
    cpdef PcpList list_for(self, Stream stream, Py_ssize_t row)
    @cython.locals(zones=list, zone=Zone, pages=PcpList)
    cpdef PcpList first_list(self, object nid, object highest, object cpu, object pindex)
