# C types of twin.py, for its compiled form.

cimport cython

from tracekit.mm.page_alloc cimport PageAllocator, PcpList
from tracekit.mm.page_alloc_zone cimport Zone
from tracekit.replay.page_alloc.frees cimport Frees
from tracekit.replay.page_alloc.policy cimport Policy
from tracekit.replay.page_alloc.stream cimport Stream
from tracekit.replay.page_alloc.ties cimport Ties
from tracekit.replay.page_alloc.vmalloc cimport Vmalloc

cdef int ALLOC, FREE, FREE_BATCHED, ZONE_LOCKED, PCPU_DRAIN, EXTFRAG, VMALLOC, VFREE, BLIND

cdef class Taken:
    cdef public object pfn
    cdef public int order
    cdef public PcpList home

cdef class Cpu:
    cdef public PcpList refilled
    cdef public tuple refiller
    cdef public bint had_pages
    cdef public Zone locked_zone
    cdef public tuple holder
    cdef public Zone draining
    cdef public object expected
    cdef public PcpList freed
    cdef public tuple freer
    cdef public list pending
    cdef public bint batch
    cdef public int depth
    cdef public PcpList first
    cdef public object interrupted
    cdef dict __dict__

    cpdef frees(self, tuple who, int depth)

cdef class Twin:
    cdef public PageAllocator allocator
    cdef public object rules
    cdef public bint old
    cdef public bint untyped_drains
    cdef public bint moves
    cdef public int cma
    cdef public Stream stream
    cdef public object account
    cdef public dict cpus
    cdef public dict taken
    cdef public dict in_use
    cdef public dict late
    cdef public dict refill_rows
    cdef public Policy policy
    cdef public Vmalloc vmalloc
    cdef public object resync
    cdef public object floating
    cdef public dict matched
    cdef public Ties ties
    cdef public Frees frees
    cdef dict __dict__

    @cython.locals(
        sequence=list,
        ties=Ties,
        row=cython.Py_ssize_t,
        begin=cython.Py_ssize_t,
        end=cython.Py_ssize_t,
    )
    cpdef run(self, Py_ssize_t first, Py_ssize_t last)
    @cython.locals(kind=int)
    cdef _step(self, Py_ssize_t row)
    @cython.locals(found=Cpu)
    cpdef Cpu cpu(self, object number)
    @cython.locals(cpu=Cpu, refilled=PcpList)
    cpdef Cpu settle(self, Py_ssize_t row)
    @cython.locals(stream=Stream, zone=Zone, cpu=Cpu)
    cpdef zone_locked(self, Py_ssize_t row)
    @cython.locals(stream=Stream, pages=PcpList, cpu=Cpu, who=tuple)
    cpdef took(self, Py_ssize_t row, Zone zone, object pfn, int order, int migratetype)
    @cython.locals(stream=Stream, cpu=Cpu, who=tuple, taken=Taken)
    cpdef alloc(self, Py_ssize_t row)
    @cython.locals(stream=Stream, allocator=PageAllocator, pages=PcpList, order=cython.int)
    cpdef object alloc_from_list(self, Py_ssize_t row, Taken taken)
    @cython.locals(stream=Stream, zone=Zone, cpu=Cpu, pages=PcpList)
    cpdef drain(self, Py_ssize_t row)
