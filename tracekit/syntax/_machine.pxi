# The machine that runs line programs (steps.py) over bytes; included by _scanner.pyx.

cdef enum:
    MAX_SLOTS = 39              # one less than MAX_COLUMNS: a kind's first column is its index
    MAX_TRIES = 8
    HIDDEN_VALUE = -1           # of steps.py
    FIRST_PLAIN = 0x21          # the first byte that is neither blank nor control character

# the order of steps.STEPS
cdef enum:
    LIT, IF_LIT, IF_SET, NEED, SPAN, SEEK, TRY, JUMP, MARK, TEXT, NUMBER, TIME, CONST, EVENT, END
    AUTO, HEX, LIT_AUTO, WORD, CLOCK, MEMO

cdef struct Step:
    int32_t op
    int32_t a
    int32_t b
    int32_t c

cdef struct Slot:
    Bytes text
    int32_t length
    int64_t number

cdef struct Attempt:
    # where to go on, and from which byte, if what is tried first fails
    int32_t step
    int32_t stored
    Bytes at
    Bytes mark

cdef struct Trail:
    # what a run has filled and what it could still try
    int32_t order[MAX_SLOTS]
    int stored
    uint64_t mask
    Attempt attempts[MAX_TRIES]
    int tries


cdef inline bint _fill(Trail *trail, int32_t slot) noexcept nogil:
    """Note that a slot is filled now; False where no line can fill so many."""
    if trail.stored == MAX_SLOTS:
        return False
    trail.order[trail.stored] = slot
    trail.stored += 1
    trail.mask |= <uint64_t>1 << slot
    return True


cdef inline bint _keep(Trail *trail, int32_t step, Bytes at, Bytes mark) noexcept nogil:
    """Keep another way open; False where there are too many of them."""
    if trail.tries == MAX_TRIES:
        return False
    trail.attempts[trail.tries] = Attempt(step, trail.stored, at, mark)
    trail.tries += 1
    return True


cdef inline Attempt *_back(Trail *trail, Slot *slots) noexcept nogil:
    """Return the way that was kept open last, and empty what was filled since; NULL for none."""
    cdef int32_t slot
    if trail.tries == 0:
        return NULL
    trail.tries -= 1
    while trail.stored > trail.attempts[trail.tries].stored:
        trail.stored -= 1
        slot = trail.order[trail.stored]
        slots[slot].text = NULL
        slots[slot].number = ABSENT
        trail.mask &= ~(<uint64_t>1 << slot)
    return &trail.attempts[trail.tries]


cdef class Machine:
    """Line programs, and what it takes to run them."""

    cdef object tables
    cdef Step *steps
    cdef Bytes strings, sets
    cdef bytearray plain_sets           # for each set, whether all but blanks are in it
    cdef Bytes plain
    cdef int32_t time_step              # that read the time stamp of the last prefix
    cdef Memos memos
    cdef Missed missed                  # ``at`` is NULL where nothing is to be remembered
    cdef int32_t filled[MAX_SLOTS]      # the slots that the rest of the line filled
    cdef int32_t filled_count

    def __cinit__(self, tables):
        self.tables = tables            # keeps the bytes below alive
        self.steps = <Step *>PyBytes_AS_STRING(tables.steps)
        self.strings = <Bytes>PyBytes_AS_STRING(tables.strings)
        self.sets = <Bytes>PyBytes_AS_STRING(tables.sets)
        self.plain_sets = bytearray(
            all(tables.sets[at + FIRST_PLAIN : at + 256]) for at in range(0, len(tables.sets), 256))
        self.plain = <Bytes><char *>self.plain_sets
        self.memos = Memos()

    cdef inline Bytes span(self, int32_t members, Bytes at, Bytes limit) noexcept nogil:
        """Return where the bytes of a set end, at ``limit`` at the latest."""
        cdef Bytes table = self.sets + members
        if self.plain[members >> 8]:
            at = _plain(at, limit)
        while at < limit and table[at[0]]:
            at += 1
        return at

    cdef Bytes run(self, int32_t start, Bytes at, Bytes end, Slot *slots, int width,
                   uint64_t *shown) noexcept nogil:
        """Run a program; return where it ended, NULL where the line is not of its shape."""
        cdef Step *steps = self.steps
        cdef Step *step = steps + start
        cdef Bytes strings = self.strings, sets = self.sets
        cdef Bytes mark = at, begin
        cdef Trail trail
        cdef Attempt *attempt
        cdef int32_t mark_step = 0, op
        cdef int i
        cdef bint fine
        trail.stored = trail.tries = 0
        trail.mask = 0
        self.missed.at = NULL
        for i in range(width):
            slots[i].text = NULL
            slots[i].number = ABSENT
        while True:
            fine = True
            op = step.op
            if op == LIT:
                fine = end - at >= step.b and _same(at, strings + step.a, step.b)
                if fine:
                    at += step.b
            elif op == IF_LIT:
                if end - at < step.b or not _same(at, strings + step.a, step.b):
                    step = steps + step.c
                    continue
                at += step.b
            elif op == IF_SET:
                if at == end or not sets[step.a + at[0]]:
                    step = steps + step.c
                    continue
            elif op == NEED:
                fine = at < end and sets[step.a + at[0]] != 0
            elif op == SPAN:
                begin = at
                at = self.span(
                    step.a, at, end if step.c < 0 or step.c > end - at else at + step.c)
                fine = at - begin >= step.b
            elif op == WORD:
                begin = at
                at = self.span(step.a, at, end)
                fine = at > begin and _fill(&trail, step.c)
                if fine:
                    slots[step.c].text = begin
                    slots[step.c].length = <int32_t>(at - begin)
            elif op == LIT_AUTO:
                fine = (end - at >= step.b and _same(at, strings + step.a, step.b)
                        and _fill(&trail, step.c))
                if fine:
                    at = _auto(at + step.b, end, &slots[step.c].number)
                    fine = at != NULL
            elif op == SEEK:
                while at < end and not sets[step.a + at[0]]:
                    at += 1
                fine = at < end and _keep(&trail, <int32_t>(step - steps), at + 1, mark)
            elif op == TRY:
                fine = _keep(&trail, step.c, at, mark)
            elif op == JUMP:
                step = steps + step.c
                continue
            elif op == MARK:
                mark = at
                mark_step = <int32_t>(step - steps)
            elif op == MEMO:
                if not self.memos.given_up[step.a] and self.recall(step.a, at, end, slots, &trail):
                    shown[0] = trail.mask
                    return end
            elif op == EVENT or op == END:
                fine = at < end if op == EVENT else at == end
                if fine:
                    if shown != NULL:
                        shown[0] = trail.mask
                        self.note_filled(&trail)
                    return at
            else:
                fine = _fill(&trail, step.a)
                if op == TEXT:
                    slots[step.a].text = mark
                    slots[step.a].length = <int32_t>(at - mark)
                elif op == NUMBER:
                    slots[step.a].number = _number(mark, at, step.b)
                elif op == AUTO:
                    at = _auto(at, end, &slots[step.a].number)
                elif op == HEX:
                    at = _hex(at, end, &slots[step.a].number)
                elif op == TIME:
                    slots[step.a].number = _time(mark, at, &slots[step.a].length)
                    slots[step.a].text = mark
                    self.time_step = mark_step
                elif op == CLOCK:
                    slots[step.a].text = at
                    at = _clock(at, end, &slots[step.a].number, &slots[step.a].length)
                    self.time_step = <int32_t>(step - steps)
                else:
                    slots[step.a].number = ABSENT if step.b == HIDDEN_VALUE else step.b
                fine = fine and at != NULL
            if fine:
                step += 1
                continue
            attempt = _back(&trail, slots)
            if attempt == NULL:
                return NULL
            if trail.tries < self.missed.tries:
                self.missed.at = NULL
            step = steps + attempt.step
            at = attempt.at
            mark = attempt.mark

    cdef bint recall(self, int32_t point, Bytes at, Bytes end, Slot *slots,
                     Trail *trail) noexcept nogil:
        """Fill the slots that the rest of a line fills; False where it was not met before."""
        cdef uint64_t hash = _hash(at, end - at) | 1
        cdef Memo *memo = self.memos.find(point, hash, at, <int32_t>(end - at))
        cdef MemoField *field
        cdef int i
        if memo == NULL:
            if self.missed.at == NULL:
                self.missed = Missed(
                    hash, at, <int32_t>(end - at), point, trail.tries, trail.stored)
            return False
        self.missed.at = NULL
        trail.mask |= memo.shown
        field = self.memos.fields + memo.first
        for i in range(memo.count):
            slots[field[i].slot].text = NULL
            slots[field[i].slot].number = field[i].number
        return True

    cdef inline void note_filled(self, Trail *trail) noexcept nogil:
        """Note which slots the rest of a line that is to be remembered has filled."""
        cdef int i
        self.filled_count = 0
        if self.missed.at != NULL:
            for i in range(self.missed.stored, trail.stored):
                self.filled[self.filled_count] = trail.order[i]
                self.filled_count += 1
