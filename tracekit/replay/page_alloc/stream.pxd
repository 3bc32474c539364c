# C types of stream.py, for its compiled form.

cdef class Stream:
    cdef public str file
    cdef public object event
    cdef public list kind
    cdef public object line
    cdef public object time
    cdef public list cpu
    cdef public list pid
    cdef public list context
    cdef public list depth
    cdef public list pfn
    cdef public list order
    cdef public list migratetype
    cdef public list extra
    cdef public list gfps
    cdef public list labels
    cdef public set deferred
