"""/proc/slabinfo and /sys/kernel/slab, typed."""

from __future__ import annotations

from tracekit.observed.slab_sysfs import parse_slab_links, parse_slab_sysfs
from tracekit.observed.slabinfo import parse_slabinfo

SLABINFO = """\
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
RAWv6                 13     13   1216   13    4 : tunables    0    0    0 : slabdata   1   1   0
Acpi-Operand        2128   2240     72   56    1 : tunables  120   60    8 : slabdata  38  40   0
"""

SYSFS = """\
== :0000024
object_size 24
slab_size 24
objs_per_slab 170
order 0
min_partial 5
cpu_partial 120
align 8
slabs 1 N0=1
== broken
object_size 24
"""


def test_rows_of_slabinfo() -> None:
    first, second = parse_slabinfo(SLABINFO)
    assert (first.name, first.line, first.objects_per_slab, first.pages_per_slab) == (
        "RAWv6", 3, 13, 4,
    )  # fmt: skip
    assert (second.active_objects, second.objects, second.limit, second.slabs) == (
        2128, 2240, 120, 40,
    )  # fmt: skip


def test_cache_definitions_and_their_aliases() -> None:
    links = parse_slab_links("Acpi-State :0000024\nodd\n")
    (found,) = parse_slab_sysfs(SYSFS, links)
    assert (found.name, found.object_size, found.objs_per_slab, found.align) == (
        ":0000024", 24, 170, 8,
    )  # fmt: skip
    assert found.aliases == ("Acpi-State",)
