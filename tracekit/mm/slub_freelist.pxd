cimport cython


@cython.final
cdef class Sequence:
    cdef readonly int objects
    cdef readonly bint shuffled
    cdef readonly list seen
    cdef readonly list successor
    cdef readonly list predecessor

    cpdef int first(self)
    @cython.locals(_=int)
    cpdef int after(self, int slot, int objects) except -9
    @cython.locals(_=int, found=int)
    cpdef int before(self, int slot, int objects) except -9
    cpdef learn(self, int slot, int following)


@cython.final
cdef class Freelist:
    cdef public list stack
    cdef public int fresh
    cdef public int last
    cdef public int end
    cdef public bint turned
    cdef public bint unknown
    cdef public bint unsure
    cdef public list under

    cpdef int peek(self, Sequence sequence, int objects) except -9
    cpdef take(self, int slot, Sequence sequence, int objects)
    @cython.locals(whole=bint)
    cdef _take_fresh(self, int slot, Sequence sequence, int objects)
    cpdef put(self, int slot)
