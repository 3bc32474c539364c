from __future__ import annotations

from click import unstyle

from tests.report.replays import faulty, healthy, noted
from tracekit.divergence import Severity
from tracekit.report.table import render


def test_the_verdict_and_the_kernel_come_first() -> None:
    first, second, *_ = unstyle(render(healthy())).splitlines()
    assert first.startswith("agrees  Linux 6.1.0")
    assert "arm64" in first
    assert "checks matched" in second


def test_a_divergence_shows_line_logged_expected_and_next_step() -> None:
    text = unstyle(render(faulty()))
    divergence = faulty().loud[0]
    assert f"error MB101 line {divergence.line.line} [0.000000]" in text
    for label, value in (("logged", divergence.logged), ("expected", divergence.simulated)):
        assert f"    {label:9} {value}" in text
    assert "(tracekit explain MB101)" in text


def test_divergences_stand_before_inferences_and_these_before_counts() -> None:
    text = unstyle(render(faulty()))
    places = [text.index(mark) for mark in ("diverges", "MB101", "inference", "allocator ")]
    assert places == sorted(places)


def test_every_kind_of_check_has_its_row() -> None:
    text = unstyle(render(healthy()))
    for ledger in healthy().allocators:
        for kind, checks in ledger.checks.items():
            named = [ledger.name, kind]
            row = next(line for line in text.splitlines() if line.split()[:2] == named)
            assert f"{checks.events:,}" in row


def test_every_unchecked_event_has_its_reason() -> None:
    text = unstyle(render(healthy()))
    for ledger in healthy().allocators:
        for checks in ledger.checks.values():
            assert all(reason in text for reason in checks.unchecked)


def test_notes_are_spelled_out_only_on_demand() -> None:
    notes = [d for d in noted().divergences if d.severity is Severity.NOTE]
    assert notes
    assert "--notes spells them out" in render(noted())
    assert unstyle(render(noted(), notes=True)).count("tracekit explain") == len(notes)


def test_what_the_log_lacks_is_named_with_the_boot_parameter() -> None:
    assert "hint: no trace: boot with trace_event=" in render(healthy())
