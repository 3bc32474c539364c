from __future__ import annotations

import pytest

from tracekit.divergence import catalogue, lookup
from tracekit.report.explain import render_code, render_list


def test_every_code_has_all_its_texts() -> None:
    for code in catalogue().values():
        assert all((code.title, code.explanation, code.next_step)), code.code
        assert code.name == code.name.lower()
        assert " " not in code.name


def test_names_and_codes_are_unique() -> None:
    names = [code.name for code in catalogue().values()]
    assert len(names) == len(set(names))


def test_a_code_is_found_by_code_and_by_name() -> None:
    first = next(iter(catalogue().values()))
    assert lookup(first.code.lower()) == first
    assert lookup(first.name) == first
    with pytest.raises(KeyError):
        lookup("nothing-like-it")


def test_a_code_looked_up_alone_is_the_entry_of_the_whole_catalogue() -> None:
    assert {code: lookup(code) for code in catalogue()} == catalogue()


def test_the_list_has_a_line_per_code() -> None:
    codes = list(catalogue().values())
    assert len(render_list(codes).splitlines()) == len(codes)


def test_an_explanation_says_what_to_do() -> None:
    first = next(iter(catalogue().values()))
    assert "What to do" in render_code(first)
