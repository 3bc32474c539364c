from __future__ import annotations

from pathlib import Path

from tests.replay.map_boots import boot_of
from tracekit.replay.maps.witness import gather, verdicts

LOG = """\
BIOS-provided physical RAM map:
BIOS-e820: [mem 0x0000000000100000-0x000000001ffdffff] usable
BIOS-e820: [mem 0x000000001ffe0000-0x000000001fffffff] reserved
e820: update [mem 0x00000000-0x00000fff] usable ==> reserved
last_pfn = 0x1ffe0 max_arch_pfn = 0x400000000
e820: update [mem 0x10000000-0x10000fff] usable ==> reserved
Early memory node ranges
  node   0: [mem 0x0000000000100000-0x000000001ffdffff]
e820: reserve RAM buffer [mem 0x1ffe0000-0x1fffffff]
"""


def test_the_early_table_is_the_one_that_memblock_is_given(tmp_path: Path) -> None:
    seen = gather(boot_of(tmp_path, LOG))
    assert [(e.start, e.end) for e in seen.early if e.is_ram] == [(0x100000, 0x1FFE0000)]
    assert len(seen.table.ram()) == 2
    assert [last.last_pfn for last in seen.last_pfns] == [0x1FFE0]


def test_a_judge_contradicts_bears_out_or_keeps_silent(tmp_path: Path) -> None:
    seen = gather(boot_of(tmp_path, LOG.replace("1ffe0000-0x1f", "1ffd0000-0x1f")))
    low, high = seen.table.ram()
    lines, bears_out = verdicts(seen, high, "end", high.end)
    assert ([source.line for source in lines], bears_out) == ([9], True)
    assert verdicts(seen, low, "start", low.start) == ([], True)


def test_mem_and_numa_options_silence_the_node_ranges(tmp_path: Path) -> None:
    assert gather(boot_of(tmp_path, "Command line: mem=1G\n" + LOG)).limited
    assert not gather(boot_of(tmp_path, LOG)).limited
