cimport cython
from libc.stdint cimport int64_t

cdef int64_t _PAGES


@cython.final
cdef class PageRows:
    cdef dict _blocks

    @cython.locals(pfn=int64_t, place=Py_ssize_t, count=Py_ssize_t, block=list)
    cdef _set(self, int64_t first, int64_t last, int64_t value)
    @cython.locals(block=list)
    cdef int64_t _get(self, int64_t pfn) except? -9
    cpdef handed_out(self, int64_t first, int64_t last, int64_t row)
    cpdef given_back(self, int64_t pfn, int64_t row)
    cpdef forget(self, int64_t first, int64_t last)
    cpdef bint known(self, int64_t pfn) except -9
    cpdef int64_t out(self, int64_t pfn) except -9
    cpdef int64_t back(self, int64_t pfn) except -9
