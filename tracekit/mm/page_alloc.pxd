# C types of page_alloc.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc_zone cimport Zone

cdef class PcpList:
    cdef public Zone zone
    cdef public object cpu
    cdef public object pindex
    cdef public int order
    cdef public int migratetype
    cdef public object pages

cdef class PageAllocator:
    cdef public object rules
    cdef public list zones
    cdef public dict where
    cdef public list in_pcp
    cdef public list pindex
    cdef list _latest_first
    cdef dict _pcp

    @cython.locals(zone=Zone)
    cpdef Zone zone_of(self, long long pfn)
    @cython.locals(cpus=dict, lists=dict)
    cpdef dict pcp_lists(self, Zone zone, object cpu)
    @cython.locals(lists=dict, order=cython.int, migratetype=cython.int)
    cpdef PcpList pcp(self, Zone zone, object cpu, object pindex)
    cpdef push(self, PcpList pages, object pfn, bint tail)
    cpdef object pop(self, PcpList pages)
    @cython.locals(pages=PcpList)
    cpdef PcpList drop(self, object pfn)
