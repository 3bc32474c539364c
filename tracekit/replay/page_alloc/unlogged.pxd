# C types of unlogged.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc cimport PageAllocator
from tracekit.mm.page_alloc_zone cimport Zone
from tracekit.replay.page_alloc.stream cimport Stream

cdef int ALLOC, EXTFRAG, FREE, PCPU_DRAIN, ZONE_LOCKED

@cython.locals(row=cython.Py_ssize_t, kind=cython.int, zone=Zone, closed=set)
cpdef dict find_targets(PageAllocator allocator, Stream stream, object future, Py_ssize_t start)
