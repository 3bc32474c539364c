# C types of floating.py, for its compiled form.

cdef class Floating:
    cdef public object twin
    cdef public object future
    cdef public dict pages
    cdef dict __dict__
