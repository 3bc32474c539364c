from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.report.junit_shape import problems
from tests.report.replays import faulty, healthy
from tracekit.replay.boot import Replay
from tracekit.report.junit import render


def suites(result: Replay) -> list[Element]:
    return fromstring(render(result)).findall("testsuite")


def test_a_suite_per_allocator_and_a_case_per_kind() -> None:
    for suite, ledger in zip(suites(healthy()), healthy().allocators, strict=True):
        assert suite.get("name") == ledger.name
        assert [case.get("name") for case in suite.findall("testcase")] == list(ledger.checks)
        assert suite.get("failures") == "0"


def test_an_error_is_a_failure_at_its_line() -> None:
    failures = [case for suite in suites(faulty()) for case in suite.iter("testcase")
                if case.find("failure") is not None]  # fmt: skip
    divergence = faulty().loud[0]
    (failing,) = failures
    failure = failing.find("failure")
    assert failure is not None
    assert failure.get("type") == "MB101"
    place = f"{divergence.line.file}:{divergence.line.line}"
    assert (failure.get("message") or "").startswith(place)
    assert divergence.logged in (failure.text or "")


def test_the_counts_of_cases_and_failures_hold() -> None:
    for suite in suites(faulty()):
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("failures") == str(len(list(suite.iter("failure"))))


@pytest.mark.parametrize("result", [healthy, faulty], ids=["healthy", "faulty"])
def test_the_document_has_the_shape_that_ci_systems_read(result: Callable[[], Replay]) -> None:
    root = fromstring(render(result()))
    assert list(problems(root)) == []
    assert root.get("tests") == str(len(list(root.iter("testcase"))))
