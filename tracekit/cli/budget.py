"""``tracekit budget LOG...``: where the memory went, from the firmware map to free pages."""

from __future__ import annotations

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import collector_off, trouble, write


@click.command("budget", short_help="Where the memory went.")
@click.argument("paths", nargs=-1, required=True, metavar="LOG...", cls=LogArgument)
@click.option("--by", type=click.Choice(["caller", "kind", "node", "zone"]), help="Sum up by this.")
@click.option("--top", type=click.IntRange(1), help="Show the largest N of each group.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv", "markdown"]),
    default="text",
    show_default=True,
)
@click.option("--budget", "limits", metavar="FILE.toml", help="Limits to keep; exit 1 if broken.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def command(
    paths: tuple[str, ...],
    by: str | None,
    top: int | None,
    form: str,
    limits: str | None,
    output: str | None,
) -> None:
    """Show the memory budget of a boot as a tree that adds up to the byte.

    A log made with memblock=debug gives every reservation with its owner; an ordinary one gives
    a coarser tree. Exit status: 0, or 1 when a limit is broken, or 2 for trouble.
    """
    from tracekit.boot import load
    from tracekit.capture import CaptureError
    from tracekit.replay.boot import replay
    from tracekit.replay.budget.build import build_budget
    from tracekit.report.budget_limits import (
        LimitError,
        broken_limits,
        read_limits,
        unused_limits,
    )
    from tracekit.report.budget_text import RENDERERS

    try:
        wanted = read_limits(limits) if limits else {}
        with collector_off():
            budget = build_budget(replay(load(*paths), stages=("memblock", "mm_init")).context)
        if budget is None:
            trouble(f"{' '.join(paths)}: no line says how much memory there is; "
                    "give the whole log of a boot")  # fmt: skip
        broken = list(broken_limits(budget, wanted))
    except (CaptureError, LimitError) as error:
        trouble(str(error))
    if top is None and form in ("text", "markdown"):
        top = 12
    write(RENDERERS[form](budget, by, top), output)
    for name in unused_limits(budget, wanted):
        click.echo(f"note: {name} has a limit, but this boot has none of it", err=True)
    for limit in broken:
        click.echo(f"over budget: {limit}", err=True)
    raise SystemExit(1 if broken else 0)
