"""The catalogue of codes as text."""

from __future__ import annotations

from collections.abc import Sequence

from click import style, wrap_text

from tracekit.divergence import Code


def render_list(codes: Sequence[Code]) -> str:
    """Return one line per code: code, severity, name and title."""
    width = max((len(code.name) for code in codes), default=0)
    return "".join(
        f"{code.code}  {code.severity:7}  {code.name:{width}}  {code.title}\n" for code in codes
    )


def render_code(code: Code) -> str:
    """Return all that the catalogue says of a code."""
    head = style(f"{code.code} {code.name}", bold=True)
    return (
        f"{head} ({code.allocator}, {code.severity})\n{code.title}\n\n"
        f"{_paragraphs(code.explanation)}\n\nWhat to do\n{_paragraphs(code.next_step)}\n"
    )


def _paragraphs(text: str) -> str:
    return wrap_text(
        text, width=92, initial_indent="  ", subsequent_indent="  ", preserve_paragraphs=True
    )
