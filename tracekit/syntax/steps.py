"""The steps of line programs, which the compiled scanner runs.

A step is a tuple of its name and arguments; targets are places in the list::

    ("lit", text)            the line goes on with this text, which is consumed
    ("if_lit", text, to)     the same, but go to ``to`` where it does not
    ("if_set", set, to)      go to ``to`` unless the next byte is in the set; consumes nothing
    ("span", set, least, most)   consume as many bytes of the set as there are; most -1: any
    ("need", set)            the next byte is in the set; consumes nothing
    ("seek", set)            go forward to the next byte of the set; on failure further on
                             come back and go to the one after it
    ("try", to)              on failure further on come back and go to ``to``
    ("jump", to)
    ("mark",)                a field's text begins here
    ("text" | "number" | "time", field, base)    and ends here
    ("const", field, value)  the field is this number, or hidden where it is HIDDEN_VALUE
    ("auto" | "hex" | "clock", field, 0)     the field is a number or a time stamp of this
                             form, which is consumed
    ("lit_auto", text, field)    both of these, and
    ("word", set, field)     the field is the text of one or more bytes of the set: shorthand
    ("memo",)                if the rest of the line was met here before, its fields are as they
                             were then, and the line is over; else read on
    ("event",)               the prefix of a line is over, what follows is the event
    ("end",)                 the line must be over
"""

from __future__ import annotations

STEPS = (
    "lit",
    "if_lit",
    "if_set",
    "need",
    "span",
    "seek",
    "try",
    "jump",
    "mark",
    "text",
    "number",
    "time",
    "const",
    "event",
    "end",
    "auto",
    "hex",
    "lit_auto",
    "word",
    "clock",
    "memo",
)

# The steps whose last argument is a place to go to.
JUMPS = frozenset({"if_lit", "if_set", "jump", "try"})
HIDDEN_VALUE = -1
