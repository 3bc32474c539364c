from __future__ import annotations

from pathlib import Path

from tests.replay.complaints.complaint_text import note

REPORT = """\
BUG kmalloc-128 (Tainted: G      D         T): Poison overwritten
INFO: 0xa0093f52-0xa0093f52 @offset=1296. First byte 0x6c instead of 0x6b
INFO: Allocated in usb_alloc_urb+0x24/0x58 age=1380 cpu=0 pid=82
INFO: Freed in acm_disconnect+0x124/0x194 [cdc_acm] age=521 cpu=0 pid=1566
INFO: Object 0xf99f52f8 @offset=1280 fp=0x2bebcd84
"""


def test_a_report_of_slub_says_what_happened_and_who_was_last(tmp_path: Path) -> None:
    found = note(tmp_path, REPORT)
    assert (found.code, found.allocator, found.subject) == ("KR104", "slub", "kmalloc-128")
    assert "the first byte is 0x6c; object at offset 1280 of its slab" in found.logged
    assert found.simulated.startswith("0x6b there")
    assert found.explanation.startswith("somebody wrote to the object after it was freed")
    freed, allocated = found.explanation.index("acm_disconnect"), found.explanation.index("usb_")
    assert freed < allocated


def test_a_red_zone_is_a_write_beyond_the_object(tmp_path: Path) -> None:
    found = note(tmp_path, REPORT.replace("Poison overwritten", "Right Redzone overwritten"))
    assert found.explanation.startswith("somebody wrote past the object's end")


def test_a_report_of_kasan_names_the_cache(tmp_path: Path) -> None:
    text = "BUG: KASAN: slab-use-after-free in f+0x1/0x2\n"
    found = note(tmp_path, text + " which belongs to the cache kmalloc-64 of size 64\n")
    assert (found.code, found.subject) == ("KR105", "KASAN: slab-use-after-free")
    assert found.simulated == "an object of kmalloc-64 (64 bytes)"
