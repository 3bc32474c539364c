# C types of future.py, for its compiled form.

cimport cython

from tracekit.replay.page_alloc.stream cimport Stream

cdef int ALLOC, FREE, PCPU_DRAIN, ZONE_LOCKED

cdef class Future:
    cdef Stream _stream
    cdef dict _rows
    cdef dict __dict__

    @cython.locals(
        stream=Stream,
        rows=dict,
        row=cython.Py_ssize_t,
        kind=cython.int,
        order=cython.int,
        first=cython.longlong,
        page=cython.longlong,
        found=list,
    )
    cpdef dict _index(self)
    @cython.locals(rows=list)
    cpdef object next_row(self, object pfn, Py_ssize_t after)
    cpdef object next_kind(self, object pfn, Py_ssize_t after)
    @cython.locals(rows=list)
    cpdef object last_row(self, object pfn, Py_ssize_t before)
    cpdef bint untouched_between(self, object pfn, Py_ssize_t after, Py_ssize_t row)
