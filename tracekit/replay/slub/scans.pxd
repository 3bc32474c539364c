cimport cython
from libc.stdint cimport int64_t, uint64_t

cdef uint64_t MASK
cdef int64_t ALLOC, PAGE_ALLOC, _SLAB_ORDER


cdef class Groups:
    cdef public list parent

    @cython.locals(parent=list)
    cpdef Py_ssize_t find(self, Py_ssize_t key) except -1
    cpdef join(self, Py_ssize_t one, Py_ssize_t other)


@cython.locals(
    pages=dict, old=dict, fresh=set, row=Py_ssize_t, key=int64_t, order=int, owner=Py_ssize_t,
    head=uint64_t, pfn=int64_t, first=int64_t,
)
cpdef dict join_by_slab(
    const int64_t[:] op, const int64_t[:] where, const int64_t[:] what,
    uint64_t base, int shift, list orders, Groups groups,
)

@cython.locals(
    found=list, row=Py_ssize_t, number=Py_ssize_t, inside=uint64_t, counts=dict,
    span=uint64_t, size=uint64_t,
)
cpdef list count_offsets(
    const int64_t[:] op, const int64_t[:] where, const int64_t[:] what,
    uint64_t base, list cache_of, list spans, list sizes,
)

@cython.locals(found=dict, taken=dict, row=Py_ssize_t, pfn=int64_t, order=int, distance=int64_t)
cpdef dict count_distances(
    const int64_t[:] op, const int64_t[:] cpu, const int64_t[:] where, const int64_t[:] what,
    int shift,
)
