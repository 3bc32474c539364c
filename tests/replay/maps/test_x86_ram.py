"""RAM as the e820 map and the kernel's changes to it give it."""

from __future__ import annotations

from pathlib import Path

import tracekit
from tracekit.boot import Boot
from tracekit.replay.maps.x86_ram import unusable_name, usable_ram

LOG = """\
Linux version 2.6.32 (x@y) #1 SMP
BIOS-provided physical RAM map:
 BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)
 BIOS-e820: 000000000009fc00 - 00000000000a0000 (reserved)
 BIOS-e820: 0000000000100000 - 0000000010000000 (usable)
e820 update range: 0000000000000000 - 0000000000001000 (usable) ==> (reserved)
e820 remove range: 00000000000a0000 - 0000000000100000 (usable)
"""


def boot(text: str, folder: Path) -> Boot:
    path = folder / "dmesg.log"
    path.write_text(text)
    return tracekit.load(path)


def test_updates_and_removals_are_applied(tmp_path: Path) -> None:
    assert usable_ram(boot(LOG, tmp_path)) == [(0x1000, 0x9FC00), (0x100000, 0x10000000)]


def test_a_user_defined_map_replaces_the_firmwares(tmp_path: Path) -> None:
    text = LOG + "user-defined physical RAM map:\n"
    text += " user: 0000000000100000 - 0000000008000000 (usable)\n"
    assert usable_ram(boot(text, tmp_path)) == [(0x100000, 0x8000000)]


def test_what_is_no_whole_page_of_ram_has_a_name(tmp_path: Path) -> None:
    loaded = boot(LOG, tmp_path)
    assert unusable_name(loaded, 0x9F000, 0xA0000) == "the firmware (e820 reserved from 0x9fc00)"
    assert unusable_name(loaded, 0xF0000, 0xF1000) == "the firmware (a hole in the e820 map)"
    assert unusable_name(loaded, 0x9E000, 0x9F000) is None
