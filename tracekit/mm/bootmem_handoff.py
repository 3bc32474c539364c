"""What bootmem hands to the page allocator: free_all_bootmem_core() of mm/bootmem.c.

The kernel frees whole clear words of the bitmap as one block and other pages one by one,
then the pages of the bitmap itself. Three versions of that loop exist since 2.6.27; for a
node that starts at a multiple of the word size all release the same pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tracekit.mm.bootmem import BootmemNode, align_up


class ReleaseLoop(Enum):
    """The versions of the loop.

    FLAG: 2.6.27 to 3.3, prints `aligned=`. ODD_START_GARBLED: from 3.4
    words are taken at aligned pfns although the bitmap counts from the node's start, so that
    a node with an odd start frees the wrong pages. SHIFTED: 3.8 ("mm: bootmem: fix
    free_all_bootmem_core() with odd bitmap alignment") joins two words where the start is odd.
    """

    FLAG = "flag"
    ODD_START_GARBLED = "odd-start-garbled"
    SHIFTED = "shifted"


@dataclass(frozen=True, slots=True)
class Release:
    """What a node handed over, in the order of the frees.

    `blocks` are (first pfn, order); `bitmap` are the pfns [start, end) of the bitmap's own
    pages, None where its place is unknown. `pages` counts both: the log's `released=`.
    """

    blocks: tuple[tuple[int, int], ...]
    bitmap: tuple[int, int] | None
    pages: int


@dataclass(frozen=True, slots=True)
class Releases:
    """What all nodes handed over, in the order of the nodes."""

    nodes: Sequence[Release]

    @property
    def blocks(self) -> Iterator[tuple[int, int]]:
        """All blocks as (first pfn, order) in the order of the frees, bitmaps page by page."""
        for node in self.nodes:
            yield from node.blocks
            for pfn in range(*node.bitmap) if node.bitmap is not None else ():
                yield pfn, 0


def release(node: BootmemNode, loop: ReleaseLoop = ReleaseLoop.SHIFTED) -> Release:
    """Hand a node's free pages and its bitmap to the page allocator; the node keeps its bits."""
    blocks = tuple(_LOOPS[loop](node))
    own = node.bitmap_pages
    bitmap = None if node.map_pfn is None else (node.map_pfn, node.map_pfn + own)
    return Release(blocks, bitmap, own + sum(1 << order for _, order in blocks))


def _free_word(node: BootmemNode, word: int) -> int:
    """One word of the bitmap, inverted: bit n is set where page n of the word is free."""
    bits = node.bits[word * node.word_bits : (word + 1) * node.word_bits]
    if 1 not in bits:
        return (1 << node.word_bits) - 1
    return sum(1 << n for n, bit in enumerate(bits) if not bit)


def _singles(first: int, word: int, count: int) -> Iterator[tuple[int, int]]:
    """Order-0 frees for the set bits among the low `count` bits of a word."""
    for n in range(count):
        if word >> n & 1:
            yield first + n, 0


def _flag_loop(node: BootmemNode) -> Iterator[tuple[int, int]]:
    width = node.word_bits
    order, full = width.bit_length() - 1, (1 << width) - 1
    aligned = node.min_pfn % width == 0
    for start in range(node.min_pfn, node.low_pfn, width):
        word = _free_word(node, (start - node.min_pfn) // width)
        if aligned and word == full and start + width < node.low_pfn:
            yield start, order
        else:
            yield from _singles(start, word, width)


def _garbled_loop(node: BootmemNode) -> Iterator[tuple[int, int]]:
    width = node.word_bits
    order, full = width.bit_length() - 1, (1 << width) - 1
    start = node.min_pfn
    while start < node.low_pfn:
        word = _free_word(node, (start - node.min_pfn) // width)
        if start % width == 0 and word == full:
            yield start, order
            start += width
        else:
            yield from _singles(start, word >> start % width, width)
            start = align_up(start + 1, width)


def _shifted_loop(node: BootmemNode) -> Iterator[tuple[int, int]]:
    width = node.word_bits
    order, full = width.bit_length() - 1, (1 << width) - 1
    start = node.min_pfn
    while start < node.low_pfn:
        index, shift = divmod(start - node.min_pfn, width)
        word = _free_word(node, index) >> shift
        if shift and node.low_pfn - start >= width:
            word |= _free_word(node, index + 1) << (width - shift) & full
        if start % width == 0 and word == full:
            yield start, order
            start += width
        else:
            end = align_up(start + 1, width)
            yield from _singles(start, word, end - start)
            start = end


_LOOPS: dict[ReleaseLoop, Callable[[BootmemNode], Iterator[tuple[int, int]]]] = {
    ReleaseLoop.FLAG: _flag_loop,
    ReleaseLoop.ODD_START_GARBLED: _garbled_loop,
    ReleaseLoop.SHIFTED: _shifted_loop,
}
