from __future__ import annotations

from tracekit.events.base import Source
from tracekit.replay.maps.finding import Finding, amount, mem


def test_words_for_ranges_and_sizes() -> None:
    assert mem(0x1000, 0x2000) == "[mem 0x1000-0x1fff]"
    assert mem(0x1000, 0x1000) == "[nothing at 0x1000]"
    assert [amount(n) for n in (3 << 30, 5 << 20, 1536, 1024)] == [
        "3 GiB", "5 MiB", "1536 bytes", "1 KiB"]  # fmt: skip
    assert Finding("MP101", Source("a", 1), "s", "l", "e").related == ()
