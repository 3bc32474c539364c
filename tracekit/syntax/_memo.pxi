# What lines ended in before, and the fields that this meant; included by _scanner.pyx.
#
# Behind its pointer or page number a line of a trace mostly reads as another line of its kind
# did. What a program makes of the rest of a line depends on nothing but the place in the
# program and those bytes, so it is remembered, and neither read nor looked up again.

cdef enum:
    MEMO_ROOM = 1 << 12         # entries; half of them are used at most
    MEMO_TEXT = 1 << 18         # bytes
    MEMO_FIELDS = 1 << 14
    MEMO_WINDOW = 1 << 10       # so often a point is tried before it is judged
    MEMO_POINTS = 1 << 10

cdef struct Memo:
    uint64_t hash               # 0: no entry
    uint64_t shown              # the slots that the rest of the line fills
    int32_t point
    int32_t text
    int32_t length
    int32_t first
    int32_t count

cdef struct MemoField:
    int64_t number
    int32_t slot

cdef struct Missed:
    # a rest of a line that was not there; ``tries`` and ``stored`` are as they were before it
    uint64_t hash
    Bytes at
    int32_t length
    int32_t point
    int32_t tries
    int32_t stored


cdef class Memos:
    """Rests of lines by the point of a program that they were met at.

    A point whose rests are mostly new is given up. Where there is no more room, all is
    forgotten and learnt anew.
    """

    cdef Memo *memos
    cdef MemoField *fields
    cdef uint8_t *texts
    cdef int32_t tried[MEMO_POINTS]
    cdef int32_t hits[MEMO_POINTS]
    cdef bint given_up[MEMO_POINTS]
    cdef int32_t count, text, field

    def __cinit__(self):
        self.memos = <Memo *>calloc(MEMO_ROOM, sizeof(Memo))
        self.fields = <MemoField *>malloc(MEMO_FIELDS * sizeof(MemoField))
        self.texts = <uint8_t *>malloc(MEMO_TEXT)
        if not (self.memos and self.fields and self.texts):
            raise MemoryError

    def __dealloc__(self):
        free(self.memos)
        free(self.fields)
        free(self.texts)

    cdef Memo *find(self, int32_t point, uint64_t hash, Bytes at, int32_t length) noexcept nogil:
        """Return what this rest of a line means, NULL where that is not known."""
        cdef Py_ssize_t place = <Py_ssize_t>(hash >> 8) & (MEMO_ROOM - 1)
        cdef Memo *memo = self.memos + place
        if self.tried[point] == MEMO_WINDOW:
            self.given_up[point] = 2 * self.hits[point] < MEMO_WINDOW
            self.tried[point] = self.hits[point] = 0
        self.tried[point] += 1
        while memo.hash:
            if (memo.hash == hash and memo.point == point and memo.length == length
                    and _same(self.texts + memo.text, at, length)):
                self.hits[point] += 1
                return memo
            place = (place + 1) & (MEMO_ROOM - 1)
            memo = self.memos + place
        return NULL

    cdef void keep(self, Missed *missed, Slot *slots, int32_t *filled, int32_t count) noexcept:
        """Remember the rest of a line and the slots that it filled, texts as their ids."""
        cdef Py_ssize_t place
        cdef Memo *memo
        cdef int32_t i
        if missed.length > MEMO_TEXT // 64:
            return
        if (2 * self.count >= MEMO_ROOM or self.text + missed.length > MEMO_TEXT
                or self.field + count > MEMO_FIELDS):
            memset(self.memos, 0, MEMO_ROOM * sizeof(Memo))
            self.count = self.text = self.field = 0
        place = <Py_ssize_t>(missed.hash >> 8) & (MEMO_ROOM - 1)
        while self.memos[place].hash:
            place = (place + 1) & (MEMO_ROOM - 1)
        memo = self.memos + place
        memo[0] = Memo(missed.hash, 0, missed.point, self.text, missed.length, self.field, count)
        memcpy(self.texts + self.text, missed.at, missed.length)
        for i in range(count):
            self.fields[self.field + i] = MemoField(slots[filled[i]].number, filled[i])
            memo.shown |= <uint64_t>1 << filled[i]
        self.count += 1
        self.text += missed.length
        self.field += count
