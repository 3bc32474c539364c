cimport cython
from libc.stdint cimport int64_t

from tracekit.replay.slub.address cimport AddressCheck
from tracekit.replay.slub.alloc cimport AllocCheck
from tracekit.replay.slub.desk cimport Desk
from tracekit.replay.slub.free cimport FreeCheck
from tracekit.replay.slub.world cimport World

cdef int64_t ALLOC, BLIND, FREE, PAGE_ALLOC, PAGE_FREE


@cython.final
cdef class SlubTwin:
    cdef readonly Desk desk
    cdef readonly World world
    cdef readonly AddressCheck address
    cdef readonly AllocCheck allocs
    cdef readonly FreeCheck frees
    cdef public Py_ssize_t row
    cdef const int64_t[::1] _op

    cdef set _early

    @cython.locals(row=Py_ssize_t, end=Py_ssize_t)
    cpdef run(self, until=*, look=*)
    @cython.locals(op=int64_t)
    cdef _step(self, Py_ssize_t row)
    cpdef _take(self, Py_ssize_t row)
