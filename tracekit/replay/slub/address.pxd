from tracekit.replay.slub.desk cimport Desk


cdef class AddressCheck:
    cdef public Desk desk
    cdef public object rules
    cdef public dict pending
    cdef public dict claims
    cdef public set lost
    cdef public object leftovers
    cdef public set late
    cdef public object gaps
    cdef public object passed_over
