from __future__ import annotations

import json

import pytest
from click import unstyle

from tracekit.compare.change import Account, Change, Comparison
from tracekit.report import diff, diff_json, diff_page

MIB = 1 << 20


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(
        before="old.log",
        after="new.log",
        reasons=["page sizes differ: 4096 and 16384 bytes"],
        setting=[Change("setting", "boot", "kernel", "6.1.0", "7.2.0", is_bytes=False)],
        changes=[
            Change("memblock", "kernel image", "kernel <bss>", 16 * MIB, 4 * MIB),
            Change("memblock", "kernel image", "kernel text", 14 * MIB, 19 * MIB),
            Change("memblock", "log buffer", "setup_log_buf", None, 2 * MIB),
            Change("zones", "zone", "DMA32", "empty", "[0x0-0xfff]", is_bytes=False),
        ],
        accounts=[Account("MemTotal", 200 * MIB, 207 * MIB, 5 * MIB, "taken by nobody")],
    )


def test_text_names_the_largest_cause_first(comparison: Comparison) -> None:
    text = unstyle(diff.render(comparison))
    assert text.startswith("differs  old.log -> new.log")
    assert text.index("-7.0 MiB  kernel image") < text.index("+2.0 MiB  log buffer")
    assert "-12.0 MiB  kernel <bss> (shrunk: 16.0 MiB -> 4.0 MiB)" in text
    assert "setup_log_buf (new: - -> 2.0 MiB)" in text


def test_text_names_the_remainder(comparison: Comparison) -> None:
    text = unstyle(diff.render(comparison))
    assert "+7.0 MiB  MemTotal" in text
    assert "+2.0 MiB  not explained: taken by nobody" in text


def test_the_same_boot_says_so() -> None:
    assert unstyle(diff.render(Comparison("a", "b"))) == "same  a -> b\n"


def test_json_holds_bytes_and_what_is_derived(comparison: Comparison) -> None:
    report = json.loads(diff_json.render(comparison))
    assert report["schema"] == "tracekit.diff/1"
    assert report["verdict"] == "differs"
    assert report["changes"][0]["delta"] == -12 * MIB
    assert report["accounts"][0]["remainder"] == 2 * MIB


def test_html_escapes_what_the_log_says(comparison: Comparison) -> None:
    page = diff_page.render_html(comparison)
    assert "kernel &lt;bss&gt;" in page
    assert "kernel <bss>" not in page


def test_markdown_has_a_row_per_cause(comparison: Comparison) -> None:
    text = diff_page.render_markdown(comparison)
    assert "| 1 | **kernel image** | | | | **-7.0 MiB** |" in text
    assert "> hard to compare: page sizes differ" in text
