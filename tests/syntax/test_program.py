from __future__ import annotations

import pytest

from tracekit.syntax.pattern import Choice, Field, Literal, Repeat, Sequence, Token
from tracekit.syntax.program import FORMS, NotLoweredError, compile_program
from tracekit.syntax.rules import EVENT_GRAMMARS, grammar_programs, grammar_rules

DIGITS = "0123456789"


def test_a_plain_line_becomes_plain_steps() -> None:
    line = Sequence((Literal("a="), Field("a", Token("WORD", r"[^\s]+")), Literal(";")))
    lit, word, semicolon, end = compile_program(line)
    assert lit == ("lit", "a=")
    assert (word[0], word[2]) == ("word", "a")
    assert " " not in word[1]
    assert "x" in word[1]
    assert (semicolon, end) == (("lit", ";"), ("end",))


def test_an_option_is_taken_by_how_it_begins() -> None:
    number = Field("n", Token("DEC", "[0-9]+"))
    steps = compile_program(
        Sequence((Repeat(Sequence((Literal(" n="), number)), "?"), Literal(".")))
    )
    assert steps[0] == ("if_lit", " n=", 4)
    assert steps[4] == ("lit", ".")


def test_options_that_begin_alike_are_tried_one_after_the_other() -> None:
    both = Choice((Token("A", "[ab]c"), Token("B", "[bc]d")))
    assert compile_program(both)[0][0] == "try"
    apart = Choice((Token("A", "[ab]c"), Token("B", "[xy]d")))
    assert compile_program(apart)[0][0] == "if_set"


def test_numbers_of_a_known_form_are_one_step() -> None:
    line = Sequence(
        (
            Literal("p="),
            Field("p", Token("AUTO", FORMS["auto"])),
            Field("h", Token("HEX", FORMS["hex"])),
        )
    )
    steps = [("lit_auto", "p=", "p"), ("memo",), ("hex", "h", 0), ("end",)]
    assert compile_program(line) == steps


def test_words_for_numbers_are_constants() -> None:
    steps = compile_program(Field("yes", Token("ONE_TRUE", "true")))
    assert steps == [("lit", "true"), ("const", "yes", 1), ("end",)]
    assert compile_program(Field("p", Token("HIDDEN", r"\(ptrval\)")))[1] == ("const", "p", -1)


def test_a_lazy_text_seeks_what_must_follow() -> None:
    steps = compile_program(Field("name", Token("NAME", r"[^\s].*?(?= size=)")))
    assert [step[0] for step in steps] == ["mark", "span", "seek", "text", "end"]
    assert steps[2] == ("seek", " ")


@pytest.mark.parametrize("regex", ["(?:ab)+", ".*?x", r"\d", r"a(?=bc)"])
def test_what_no_program_can_do_is_left_to_the_expression(regex: str) -> None:
    with pytest.raises(NotLoweredError):
        compile_program(Token("T", regex))


def test_every_event_has_a_program() -> None:
    for grammar in EVENT_GRAMMARS:
        assert set(grammar_programs(grammar)) == {rule.name for rule in grammar_rules(grammar)}
