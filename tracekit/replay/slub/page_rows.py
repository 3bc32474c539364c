"""What the trace did last with each page that is no slab."""

from __future__ import annotations

__all__ = ["PageRows"]

_PAGES = 1 << 12


class PageRows:
    """The row of the last event of each page, by pfn: it was handed out, or given back."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        # For each block of pages: row + 1 where handed out, -(row + 1) where given back, else 0.
        self._blocks: dict[int, list[int]] = {}

    def _set(self, first: int, last: int, value: int) -> None:
        pfn = first
        while pfn <= last:
            block = self._blocks.get(pfn // _PAGES)
            if block is None:
                block = self._blocks[pfn // _PAGES] = [0] * _PAGES
            place = pfn % _PAGES
            if last == pfn:
                block[place] = value
                return
            count = min(last - pfn + 1, _PAGES - place)
            block[place : place + count] = [value] * count
            pfn += count

    def _get(self, pfn: int) -> int:
        block = self._blocks.get(pfn // _PAGES)
        return 0 if block is None else block[pfn % _PAGES]

    def handed_out(self, first: int, last: int, row: int) -> None:
        """Note that pages were handed out; `last` is the last of them."""
        self._set(first, last, row + 1)

    def given_back(self, pfn: int, row: int) -> None:
        """Note that a page was given back."""
        self._set(pfn, pfn, -row - 1)

    def forget(self, first: int, last: int) -> None:
        """Pages up to `last` became a slab: whatever was noted of them is past."""
        self._set(first, last, 0)

    def known(self, pfn: int) -> bool:
        """Say whether the trace showed the page handed out or given back."""
        return self._get(pfn) != 0

    def out(self, pfn: int) -> int:
        """Return the row that handed a page out, -1 where none did, or it is back."""
        return max(self._get(pfn) - 1, -1)

    def back(self, pfn: int) -> int:
        """Return the row that gave a page back, -1 where none did, or it is out again."""
        return max(-self._get(pfn) - 1, -1)
