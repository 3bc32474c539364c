# C types of page_alloc_zone.py, for its compiled form.

cimport cython

cdef class Zone:
    cdef public str name
    cdef public object nid
    cdef public long long start
    cdef public long long end
    cdef public object rules
    cdef public list areas
    cdef public dict blocks
    cdef public dict block_types
    cdef public object block_base
    cdef int _max_order
    cdef int _block_order
    cdef int _movable
    cdef bint _merge_to_tail

    @cython.locals(pageblock=object)
    cpdef int pageblock_type(self, long long pfn)
    @cython.locals(block=cython.longlong, first=cython.longlong)
    cpdef set_pageblock_type(self, long long pfn, int order, int migratetype)
    cpdef insert(self, object pfn, int order, int migratetype, bint tail)
    @cython.locals(code=cython.int)
    cpdef int remove(self, object pfn) except -1
    cpdef object head(self, int order, int migratetype)
    @cython.locals(current=cython.int)
    cpdef object rmqueue_smallest(self, int order, int migratetype)
    @cython.locals(code=cython.int)
    cpdef expand(self, long long pfn, int low, int high, int migratetype)
    @cython.locals(current=cython.int)
    cpdef object peek(self, int order, int migratetype)
    @cython.locals(buddy=cython.longlong, number=cython.int, to_tail=cython.bint)
    cpdef free_one(self, long long pfn, int order, int migratetype, bint tail=*)
    @cython.locals(other=cython.int)
    cdef bint _may_merge(self, long long buddy, int migratetype)
    @cython.locals(higher=cython.longlong)
    cdef bint _merge_likely(self, long long pfn, int order)
    @cython.locals(order=cython.int, first=cython.longlong, code=object)
    cpdef object block_with(self, long long pfn)
    cpdef bint is_free(self, long long pfn, int order)
