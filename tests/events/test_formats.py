"""Format files settle what raw lines leave open: signs, and the names of flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.boots import boot_folders
from tests.traces import boots_with_trace, read, text_of
from tracekit.capture import open_capture
from tracekit.events.formats import (
    flag_names,
    is_raw,
    name_flags,
    parse_formats,
    read_formats,
    settle,
)
from tracekit.syntax.captured_trace import read_captured

FLAGS = (
    '{( unsigned long)(((( gfp_t)0x10u) | (( gfp_t)(((1UL) << (6)))))), "GFP_USER"}, '
    '{( unsigned long)(( gfp_t)0x40u), "__GFP_IO"}, {( unsigned long)0x8000, "__GFP_ZERO"}'
)
FORMAT = f"""name: mm_page_alloc
ID: 300
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:unsigned long pfn;	offset:8;	size:4;	signed:0;
	field:unsigned int order;	offset:12;	size:4;	signed:0;
	field:gfp_t gfp_flags;	offset:16;	size:4;	signed:0;
	field:int migratetype;	offset:20;	size:4;	signed:1;

print fmt: "page=%p pfn=%lu", (REC->gfp_flags) ? __print_flags(REC->gfp_flags, "|", {FLAGS}) : "x"
"""
RAW = "  sh-7  [000]  1.000001: mm_page_alloc:  pfn={} order=0 gfp_flags={} migratetype={}\n"


def raw_boot(tmp_path: Path, *lines: tuple[str, str, str]) -> Path:
    """Write a folder as a person copies it: the trace, and the formats out of tracefs."""
    (tmp_path / "trace.txt").write_text("cpus=1\n" + "".join(RAW.format(*line) for line in lines))
    folder = tmp_path / "events" / "kmem" / "mm_page_alloc"
    folder.mkdir(parents=True)
    (folder / "format").write_text(FORMAT)
    (folder / "enable").write_text("1\n")
    return tmp_path


def test_fields_of_a_format() -> None:
    ((name, known),) = parse_formats(FORMAT).items()
    assert name == "mm_page_alloc"
    assert [tuple(field) for field in known.fields] == [
        ("pfn", 4, False), ("order", 4, False), ("gfp_flags", 4, False), ("migratetype", 4, True),
    ]  # fmt: skip


def test_raw_numbers_are_settled_by_the_formats_beside_them(tmp_path: Path) -> None:
    boot = raw_boot(
        tmp_path,
        ("0x1f", "0x8050", "0"),
        ("0xffffffff", "0x40", "0xffffffff"),
        ("0x20", "0x2000000", "1"),
    )
    trace = read_captured(open_capture([boot]))
    assert trace is not None
    table = trace.table("mm_page_alloc")
    assert list(table["pfn"]) == [0x1F, -1, 0x20]
    assert list(table["migratetype"]) == [0, -1, 1]
    flags = [trace.text(text) for text in table["gfp_flags"]]
    assert flags == ["GFP_USER|__GFP_ZERO", "__GFP_IO", "0x2000000"]


def test_text_as_the_kernel_prints_it_is_left_alone(tmp_path: Path) -> None:
    boot = raw_boot(tmp_path, ("4294967295", "GFP_USER", "0"))
    trace = read_captured(open_capture([boot]))
    assert trace is not None
    assert not is_raw(trace)
    assert list(trace.table("mm_page_alloc")["pfn"]) == [0xFFFFFFFF]


def test_an_expression_that_is_no_flag_names_nothing() -> None:
    assert flag_names('{1 << 3, "A"}, {1UL << 4, "B"}') == [(8, "A"), (16, "B")]
    for odd in ("sizeof(x)", "1 << 999", "a", "'x'", "(("):
        assert flag_names(f'{{1, "A"}}, {{{odd}, "B"}}') == []
    assert name_flags(0, [(1, "A")]) == "none"


@pytest.mark.parametrize("boot", boots_with_trace(boot_folders()[:2]), ids=lambda p: p.name)
def test_a_kernels_own_names_come_out_of_its_numbers(boot: Path) -> None:
    capture = open_capture([boot])
    formats = read_formats(capture.files, capture.read_text)
    trace = read(text_of(boot))
    flags = flag_names(formats["kmalloc"].print_fmt)
    masks = {name: mask for mask, name in reversed(flags)}
    shown = {trace.text(text) for text in trace.table("kmalloc")["gfp_flags"]}
    assert shown
    for text in shown:
        words = text.split("|")
        known = [masks[word] if word in masks else int(word, 0) for word in words if word != "none"]
        number = 0
        for mask in known:
            number |= mask
        assert name_flags(number, flags) == text
    before = {name: bytes(table["gfp_flags"]) for name, table in trace.tables.items()
              if "gfp_flags" in table}  # fmt: skip
    settle(trace, formats)
    assert {name: bytes(trace.tables[name]["gfp_flags"]) for name in before} == before
