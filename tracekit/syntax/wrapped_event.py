"""Put an event together again that mail has wrapped, quoted or encoded as quoted-printable."""

from __future__ import annotations

import re

MOST_LINES = 8
_QUOTE = re.compile(rb"(?:[ \t]*[>|])+[ \t]?")
_ENCODED = b"=3D"


class WrappedEvent:
    """Lines that may be pieces of one event: their numbers and texts, in order."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def add(self, number: int, line: bytes) -> None:
        """Add a line as it stands in the file."""
        self.pieces.append((number, line))

    @property
    def full(self) -> bool:
        """Whether no event is wrapped into more lines than there are already."""
        return len(self.pieces) >= MOST_LINES

    def take(self) -> list[tuple[int, bytes]]:
        """Return the pieces and forget them."""
        pieces, self.pieces = self.pieces, []
        return pieces


def join(lines: list[bytes]) -> bytes:
    """Return the line that these pieces were: unquoted, decoded, joined by one blank.

    A quoted-printable soft break, ``=`` at a line's end, joins without a blank.
    """
    encoded = any(_ENCODED in line for line in lines)
    text, blank = b"", b""
    for line in lines:
        piece = unquote(line).rstrip()
        soft = encoded and piece.endswith(b"=")
        piece = piece[:-1] if soft else piece
        piece = piece.replace(_ENCODED, b"=") if encoded else piece
        text += blank + (piece.lstrip() if blank else piece)
        blank = b"" if soft else b" "
    return text.strip()


def unquote(line: bytes) -> bytes:
    """Return a line without the quote marks of mail, ``>`` or ``|``, before it."""
    match = _QUOTE.match(line)
    return line[match.end() :] if match else line
