"""``tracekit events FILE``: export the events of a trace."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, TextIO

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import trouble
from tracekit.cli.trace_input import open_trace

if TYPE_CHECKING:
    from tracekit.events.conditions import Condition
    from tracekit.events.table import Trace

FORMATS = ("csv", "json", "parquet")


@click.command("events", short_help="Export the events of a trace.")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|BOOT...", cls=LogArgument)
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--where", multiple=True, metavar="CONDITION", help="Only events that meet it.")
@click.option("--event", "kinds", multiple=True, metavar="NAME", help="Only events of this kind.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def command(
    paths: tuple[str, ...],
    form: str,
    where: tuple[str, ...],
    kinds: tuple[str, ...],
    output: str | None,
) -> None:
    """Export the events of a trace, one row each, in the order of the trace.

    A condition is FIELD == VALUE, or with != < <= > >=, or ~ for a part of a text; several are
    joined by "and": --where "event==mm_page_alloc and order>=3 and comm~kworker".
    """
    conditions = [condition for text in where for condition in _conditions(text)]
    if form == "parquet":
        _check_parquet(output)
    trace = open_trace(paths, form="text").trace
    _check_kinds(trace, kinds)
    if form == "parquet":
        from tracekit.events.rows import dataframe

        dataframe(trace, kinds, conditions).to_parquet(output)
        return
    with _opened(output) as stream:
        (_write_csv if form == "csv" else _write_json)(stream, trace, kinds, conditions)


def _conditions(text: str) -> list[Condition]:
    from tracekit.events.conditions import ConditionError, parse

    try:
        return parse(text)
    except ConditionError as error:
        trouble(f"--where: {error}")


def _check_kinds(trace: Trace, kinds: tuple[str, ...]) -> None:
    known = {kind.name for kind in trace.kinds}
    for name in kinds:
        if name not in known:
            trouble(f"--event {name}: not a kind of event that tracekit reads")


def _check_parquet(output: str | None) -> None:
    if output is None:
        trouble("parquet is binary: name the file to write with -o")
    if find_spec("pyarrow") is None and find_spec("fastparquet") is None:
        trouble("parquet needs the package pyarrow; install it, or use --format csv")


@contextmanager
def _opened(output: str | None) -> Iterator[TextIO]:
    if output is None or output == "-":
        yield sys.stdout
        return
    try:
        with open(output, "w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        trouble(f"{output}: cannot be written ({error.strerror}); give another file with -o")


def _write_csv(
    stream: TextIO, trace: Trace, kinds: tuple[str, ...], conditions: list[Condition]
) -> None:
    from tracekit.events.rows import columns, rows

    writer = csv.DictWriter(stream, columns(trace, kinds), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(trace, kinds, conditions))


def _write_json(
    stream: TextIO, trace: Trace, kinds: tuple[str, ...], conditions: list[Condition]
) -> None:
    from tracekit.events.rows import rows

    stream.write("[")
    separator = "\n"
    for row in rows(trace, kinds, conditions):
        stream.write(separator + json.dumps(row))
        separator = ",\n"
    stream.write("\n]\n")
