# C types of ties.py, for its compiled form.

from tracekit.replay.page_alloc.future cimport Future
from tracekit.replay.page_alloc.stream cimport Stream

cdef class Ties:
    cdef public Stream stream
    cdef public Future future
    cdef public list sequence
    cdef public Py_ssize_t position
    cdef public Py_ssize_t moved
    cdef dict __dict__
