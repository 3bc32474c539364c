# The smallest parts of a line: blanks, names, numbers, time stamps; included by _scanner.pyx.

cdef inline Bytes _plain(Bytes at, Bytes end) noexcept nogil:
    """Go on, eight bytes at a time, while none of them is a blank or a control character."""
    cdef uint64_t word
    while end - at >= 8:
        memcpy(&word, at, 8)
        if (word - 0x2121212121212121ULL) & ~word & 0x8080808080808080ULL:
            break
        at += 8
    return at


cdef bint _is_blank(uint8_t byte) noexcept nogil:
    return byte == 0x20 or byte == 0x0D or byte == 0x09


cdef bint _is_name(Bytes at, Bytes end) noexcept nogil:
    """Whether this is NAME of ftrace.lark."""
    cdef uint8_t byte
    if 0x2D <= at[0] <= 0x39:
        return False
    while at < end:
        byte = at[0] | 0x20
        if not (0x61 <= byte <= 0x7A or 0x30 <= at[0] <= 0x39
                or at[0] == 0x5F or at[0] == 0x2E or at[0] == 0x2D):
            return False
        at += 1
    return True


cdef int64_t _number(Bytes at, Bytes end, int32_t base) noexcept nogil:
    """The number that a field shows, in 64 bits; base 0 is told by 0x."""
    cdef uint64_t number = 0
    cdef bint negative = at < end and at[0] == 0x2D
    if negative:
        at += 1
    if base != 10 and end - at > 2 and at[0] == 0x30 and (at[1] | 0x20) == 0x78:
        base = 16
        at += 2
    if base == 16:
        while at < end:
            number = (number << 4) | ((at[0] & 0xF) + 9 * (at[0] >> 6))
            at += 1
    else:
        while at < end:
            number = number * 10 + (at[0] & 0xF)
            at += 1
    return -<int64_t>number if negative else <int64_t>number


cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    #define TRACEKIT_LITTLE_ENDIAN 1
    #else
    #define TRACEKIT_LITTLE_ENDIAN 0
    #endif
    """
    bint LITTLE_ENDIAN "TRACEKIT_LITTLE_ENDIAN"


cdef inline bint _eight_digits(Bytes at, uint64_t *value) noexcept nogil:
    """Read eight digits in hex at once; False where one of the bytes is none."""
    cdef uint64_t text, lower, digit
    memcpy(&text, at, 8)
    lower = text | 0x2020202020202020ULL
    # each byte: the low half, and 9 more for a letter
    digit = (lower & 0x0F0F0F0F0F0F0F0FULL) + 9 * (lower >> 6 & 0x0101010101010101ULL)
    # the digit printed again, 0x27 further on from "a", must be what stood there
    if digit & 0x1010101010101010ULL:
        return False
    if (digit + 0x3030303030303030ULL
            + 0x27 * ((digit + 0x0606060606060606ULL) >> 4 & 0x0101010101010101ULL)) != lower:
        return False
    # a control character looks like a digit in lower case
    if ((text | text << 1) & 0x4040404040404040ULL) != 0x4040404040404040ULL:
        return False
    digit = (digit << 4 | digit >> 8) & 0x00FF00FF00FF00FFULL
    digit = (digit << 8 | digit >> 16) & 0x0000FFFF0000FFFFULL
    value[0] = (digit << 16 | digit >> 32) & 0xFFFFFFFFULL
    return True


cdef Bytes _hex(Bytes at, Bytes end, int64_t *value) noexcept nogil:
    """Read what the form "hex" of program.py matches.

    Returns where it ends, NULL where it does not match.
    """
    cdef uint64_t number = 0, eight
    cdef Bytes begin
    cdef uint8_t byte, digit
    if end - at > 2 and at[0] == 0x30 and at[1] == 0x78:
        at += 2
    begin = at
    while LITTLE_ENDIAN and end - at >= 8 and at - begin < 16 and _eight_digits(at, &eight):
        number = number << 32 | eight
        at += 8
    while at < end and at - begin < 16:
        byte = at[0]
        digit = byte - 0x30
        if digit > 9:
            digit = (byte | 0x20) - 0x61 + 10
            if digit < 10 or digit > 15:
                break
        number = number << 4 | digit
        at += 1
    value[0] = <int64_t>number
    return at if at > begin else NULL


cdef Bytes _auto(Bytes at, Bytes end, int64_t *value) noexcept nogil:
    """Read what the form "auto" of program.py matches.

    Returns where it ends, NULL where it does not match.
    """
    cdef int64_t number = 0
    cdef Bytes begin
    cdef bint negative
    if end - at > 2 and at[0] == 0x30 and at[1] == 0x78:
        return _hex(at, end, value)
    negative = at < end and at[0] == 0x2D
    if negative:
        at += 1
    begin = at
    while at < end and at - begin < 18 and 0x30 <= at[0] <= 0x39:
        number = number * 10 + (at[0] - 0x30)
        at += 1
        if number == 0:
            break
    value[0] = -number if negative else number
    return at if at > begin else NULL


cdef Bytes _clock(Bytes at, Bytes end, int64_t *value, int32_t *point) noexcept nogil:
    """Read what the form "clock" of program.py matches, as _time does.

    Returns where it ends, NULL where it does not match.
    """
    cdef int64_t number = 0
    cdef Bytes begin = at
    cdef int digits
    while at < end and at - begin < 18 and 0x30 <= at[0] <= 0x39:
        number = number * 10 + (at[0] - 0x30)
        at += 1
    if at == begin:
        return NULL
    point[0] = at < end and at[0] == 0x2E
    if point[0]:
        # seconds: nine digits, or ten that are not too large for 64 bits of nanoseconds
        if at - begin > 10 or (at - begin == 10 and begin[0] == 0x39):
            return NULL
        at += 1
        begin = at
        while at < end and at - begin < 9 and 0x30 <= at[0] <= 0x39:
            number = number * 10 + (at[0] - 0x30)
            at += 1
        if at == begin:
            return NULL
        for digits in range(<int>(at - begin), 9):
            number *= 10
    value[0] = number
    return at


cdef int64_t _time(Bytes at, Bytes end, int32_t *point) noexcept nogil:
    """A time stamp in nanoseconds, or as it stands where it shows no ``point``."""
    cdef int64_t number = 0
    cdef int digits = -1
    while at < end:
        if at[0] == 0x2E:
            digits = 0
        else:
            number = number * 10 + (at[0] & 0xF)
            if digits >= 0:
                digits += 1
        at += 1
    point[0] = digits >= 0
    while 0 <= digits < 9:
        number *= 10
        digits += 1
    return number
