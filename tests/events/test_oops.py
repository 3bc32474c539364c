"""Lines about pages and addresses that are not what they should be."""

from __future__ import annotations

import pytest

from tests.events.reading import read
from tracekit.events.oops import AllocationFailure, BadPage, PageFault


def test_bad_page() -> None:
    event = read("BUG: Bad page state in process swapper  pfn:000f7")
    assert isinstance(event, BadPage)
    assert (event.comm, event.pfn) == ("swapper", 0xF7)


@pytest.mark.parametrize(
    "text",
    [
        "BUG: unable to handle kernel paging request at ffff88007ffff000",
        "BUG: unable to handle page fault for address: ffff88007ffff000",
        "Unable to handle kernel paging request at virtual address ffff88007ffff000",
        "Unable to handle kernel paging request at virtual address ffff88007ffff000 when read",
    ],
)
def test_page_fault(text: str) -> None:
    event = read(text)
    assert isinstance(event, PageFault)
    assert event.address == 0xFFFF88007FFFF000


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (
            "swapper/0: page allocation failure: order:2, mode:0x1(GFP_DMA), nodemask=(null)",
            "GFP_DMA",
        ),
        ("kworker/u8:1: page allocation failure. order:2, mode:0x1", ""),
    ],
)
def test_allocation_failure(text: str, flags: str) -> None:
    event = read(text)
    assert isinstance(event, AllocationFailure)
    assert (event.order, event.mode, event.flags) == (2, 1, flags)
