from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from tests.report.replays import faulty, healthy
from tracekit.report.html import render


class Reader(HTMLParser):
    """Checks that every element is closed, and collects text and what would be fetched."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input", "col"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.fetched: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_needs_no_network() -> None:
    for result in (healthy(), faulty()):
        page = Reader(render(result))
        assert page.open == []
        assert not [target for target in page.fetched if not target.startswith("#")]


def test_the_page_shows_verdict_divergence_and_counts() -> None:
    text = Reader(render(faulty())).text
    divergence = faulty().loud[0]
    for expected in ("diverges", "MB101", divergence.logged, divergence.simulated, "memblock"):
        assert expected in text


def test_what_a_log_says_cannot_become_markup() -> None:
    result = faulty()
    ledger = next(ledger for ledger in result.allocators if ledger.divergences)
    kept = list(ledger.divergences)
    try:
        ledger.divergences[:] = [replace(d, logged="<script>alert(1)</script>") for d in kept]
        assert "<script>" not in render(result)
    finally:
        ledger.divergences[:] = kept
