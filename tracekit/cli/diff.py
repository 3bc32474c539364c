"""``tracekit diff A B``: two boots compared by cause; three or more make a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from tracekit.cli.output import collector_off, trouble, write

if TYPE_CHECKING:
    from tracekit.compare.side import Side

FORMATS = ("text", "json", "markdown", "html")


@click.command("diff", short_help="Compare boots by cause.")
@click.argument("paths", nargs=-1, required=True, metavar="A B [C...]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--only", metavar="AREAS", help="Only these, with commas: memblock, percpu, slab...")
@click.option("--ignore", "ignore_file", metavar="FILE", help="Differences to excuse (TOML).")
@click.option("--state", is_flag=True, help="Let what moves from boot to boot decide as well.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def command(
    paths: tuple[str, ...],
    form: str,
    only: str | None,
    ignore_file: str | None,
    state: bool,
    output: str | None,
) -> None:
    """Say what changed in memory between two boots, and why.

    Both are put into canonical form first: the kernel image rebased, owners instead of
    addresses. Give boot folders to have slab caches, call sites and MemTotal compared as well.
    What slab caches and call sites hold moves from boot to boot, and so do allocations that go
    around a kernel image moved by KASLR: that is shown apart and decides nothing without
    --state. Three boots or more make a table. Exit status: 0 the same, 1 they differ, 2 trouble.
    """
    from tracekit.capture import CaptureError
    from tracekit.compare.compare import compare
    from tracekit.compare.ignore import IgnoreError, read_ignore
    from tracekit.compare.side import open_side

    areas = _areas(only)
    if len(paths) < 2:
        raise click.UsageError("give two boots to compare, or more for a table")
    if len(paths) > 2 and ignore_file:
        raise click.UsageError("--ignore excuses differences of two boots; a table shows all")
    try:
        ignore = read_ignore(ignore_file) if ignore_file else None
        with collector_off():
            sides = [open_side(path) for path in paths]
    except (CaptureError, IgnoreError) as error:
        trouble(str(error))
    for side in sides:
        if side.boot.is_empty:
            trouble(f"{side.name}: no line of a Linux boot log found, nothing to compare")
    if len(sides) > 2:
        _table(sides, areas, form, output)
    result = compare(sides[0], sides[1], areas, ignore, state)
    write(_renderer(form)(result), output)
    for warning in result.warnings:
        click.echo(f"tracekit: {warning}", err=True)
    raise SystemExit(0 if result.same else 1)


def _table(
    sides: Sequence[Side], areas: tuple[str, ...], form: str, output: str | None
) -> NoReturn:
    """Write the table of three or more boots; leave with 1 where any two of them differ."""
    from tracekit.compare.table import make_table
    from tracekit.report.diff_table import RENDERERS

    table = make_table(sides, areas)
    write(RENDERERS[form](table), output)
    raise SystemExit(0 if table.same else 1)


def _areas(only: str | None) -> tuple[str, ...]:
    from tracekit.compare.compare import only_names

    areas = tuple(only.split(",")) if only else ()
    unknown = set(areas) - set(only_names())
    if unknown:
        known = ", ".join(only_names())
        raise click.BadParameter(f"{min(unknown)} is none of {known}", param_hint="--only")
    return areas


def _renderer(form: str) -> Callable[..., str]:
    from tracekit.report import diff, diff_json, diff_page

    return {
        "text": diff.render,
        "json": diff_json.render,
        "markdown": diff_page.render_markdown,
        "html": diff_page.render_html,
    }[form]
