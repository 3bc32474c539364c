cimport cython

cdef unsigned long long MASK


cdef class _Groups:
    cdef public list parent

    @cython.locals(parent=list)
    cpdef Py_ssize_t find(self, Py_ssize_t key) except -1
    cpdef join(self, Py_ssize_t one, Py_ssize_t other)


@cython.locals(
    pages=dict, old=dict, fresh=set, row=Py_ssize_t, key="long long", order=int, owner=Py_ssize_t,
    head="unsigned long long", pfn="long long", first="long long",
)
cdef dict _join_by_slab(
    const long long[:] op, const long long[:] where, const long long[:] what,
    unsigned long long base, int shift, list orders, _Groups groups,
)

@cython.locals(
    found=list, row=Py_ssize_t, number=Py_ssize_t, inside="unsigned long long", counts=dict,
    span="unsigned long long", size="unsigned long long",
)
cdef list _count_offsets(
    const long long[:] op, const long long[:] where, const long long[:] what,
    unsigned long long base, list cache_of, list spans, list sizes,
)
