"""Three or more boots as a table: text, Markdown, HTML or JSON (``tracekit.diff-table/1``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html import escape

from tracekit.compare.table import Row, Table
from tracekit.report.columns import columns

SCHEMA = "tracekit.diff-table/1"
CHANGED = "changes at"
COARSE = "some logs lack memblock=debug: all are taken apart by their Memory: lines"


def render_text(table: Table) -> str:
    """Return the boots by letter, then one row per cause in KiB, those that differ most first."""
    legend = [f"{letter}  {name} ({kernel})" for letter, (name, kernel) in _boots(table)]
    rows = list(_rows(table))
    body = columns(rows) if rows else "no log says how much memory there is"
    return "\n".join([*legend, *([COARSE] if table.coarse else []), "", body]) + "\n"


def render_markdown(table: Table) -> str:
    """Return the table as GitHub-flavoured Markdown."""
    lines = [f"- {letter}: `{name}` ({kernel})" for letter, (name, kernel) in _boots(table)]
    names = ["KiB", *(letter for letter, _ in _boots(table)), CHANGED]
    lines += [f"\n> {COARSE}"] if table.coarse else []
    lines += ["", _cells(names), _cells(["---", *["---:"] * len(table.boots), "---"])]
    lines += [_cells([_number(value) for value in row.values()]) for row in _rows(table)]
    return "\n".join(lines) + "\n"


def render_html(table: Table) -> str:
    """Return the table as one self-contained page."""
    names = ["KiB", *(letter for letter, _ in _boots(table)), CHANGED]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(_number(v))}</td>" for v in row.values()) + "</tr>"
        for row in _rows(table)
    )
    boots = "".join(
        f"<li>{letter}: <code>{escape(name)}</code> ({escape(kernel)})</li>"
        for letter, (name, kernel) in _boots(table)
    )
    style = "td:not(:first-child){text-align:right} table{border-spacing:1em .2em}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>tracekit diff</title>'
        f"<style>{style}</style></head>\n<body><ul>{boots}</ul>\n"
        f"{f'<p>{COARSE}</p>' if table.coarse else ''}"
        f"<table><tr>{head}</tr>\n{body}\n</table></body></html>\n"
    )


def render_json(table: Table) -> str:
    """Return the table as JSON; sizes are bytes, null where a log does not tell."""
    value = {
        "schema": SCHEMA,
        "verdict": "same" if table.same else "differs",
        "coarse": table.coarse,
        "boots": [{"name": name, "kernel_release": kernel} for name, kernel in table.boots],
        "causes": [{"name": row.name, "bytes": row.values} for row in table.causes],
        "totals": [{"name": row.name, "bytes": row.values} for row in table.totals],
    }
    return json.dumps(value, indent=1) + "\n"


RENDERERS: dict[str, Callable[[Table], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": render_html,
    "json": render_json,
}


def _boots(table: Table) -> list[tuple[str, tuple[str, str]]]:
    return [(_letter(place), boot) for place, boot in enumerate(table.boots)]


def _letter(place: int) -> str:
    """Return A to Z, then AA, AB and so on, as spreadsheets do."""
    before, last = divmod(place, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)


def _rows(table: Table) -> Iterator[dict[str, object]]:
    for row in (*table.causes, *table.totals):
        values = {
            _letter(place): "-" if value is None else value >> 10
            for place, value in enumerate(row.values)
        }
        yield {"KiB": row.name, **values, CHANGED: _steps(row)}


def _steps(row: Row) -> str:
    return ", ".join(_letter(place) for place in row.steps)


def _cells(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
