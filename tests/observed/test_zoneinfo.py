"""The sizes in /proc/zoneinfo."""

from __future__ import annotations

from tracekit.observed.zoneinfo import ZoneSizes, parse_zoneinfo

TEXT = """\
Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 0
  pages free     3840
        min      45
        spanned  4095
        present  3998
        managed  3840
        protection: (0, 172, 172, 172, 172)
Node 0, zone    DMA32
  pages free     100
        spanned  61440
        present  61440
"""


def test_sizes_with_the_line_of_what_is_managed() -> None:
    assert parse_zoneinfo(TEXT) == [
        ZoneSizes(8, 0, "DMA", 4095, 3998, 3840),
        ZoneSizes(10, 0, "DMA32", 61440, 61440, None),
    ]
    assert parse_zoneinfo("") == []
