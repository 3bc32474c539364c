"""``tracekit stat PATH...``: count what a trace says, in the vocabulary of perf kmem stat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracekit.cli.output import trouble, write
from tracekit.cli.trace_input import open_trace

if TYPE_CHECKING:
    from tracekit.report.stat_options import Stat

FORMATS = ("text", "json", "csv")
LINES_OF_TEXT = 20


@click.command("stat", short_help="Count what a kmem trace says.")
@click.argument("paths", nargs=-1, required=True, metavar="BOOT|TRACE...")
@click.option("--slab", "allocators", flag_value="slab", multiple=True, help="Slab allocator.")
@click.option("--page", "allocators", flag_value="page", multiple=True, help="Page allocator.")
@click.option(
    "--percpu", "allocators", flag_value="percpu", multiple=True, help="Percpu allocator."
)
@click.option("--caller", "by", flag_value="caller", multiple=True, help="Per call site.")
@click.option("--alloc", "by", flag_value="alloc", multiple=True, help="Per object or page.")
@click.option("--by", "by", multiple=True, metavar="GROUP", help="Per cache, size, task, cpu, ...")
@click.option("--live", is_flag=True, help="Only what was not freed.")
@click.option("-s", "--sort", default="", metavar="KEYS", help="frag,hit,bytes,pingpong,live,key")
@click.option("-l", "--line", "lines", type=int, metavar="N", help="Show N rows; 0 shows all.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
@click.option("--page-size", type=int, metavar="BYTES", help="Size of a page, to show KB.")
def command(
    paths: tuple[str, ...],
    allocators: tuple[str, ...],
    by: tuple[str, ...],
    live: bool,
    sort: str,
    lines: int | None,
    form: str,
    output: str | None,
    page_size: int | None,
) -> None:
    """Count what the events of a trace say of the slab, page and percpu allocators.

    Takes a trace or a captured boot folder. A thing that the trace shows made and not freed
    is live. Exit status 2 where there is no trace.
    """
    from tracekit.report.stat_options import ALL_GROUPS, DEFAULT_SORT, SORT_KEYS, Wanted, compute

    keys = tuple(key for key in sort.split(",") if key) or DEFAULT_SORT
    _check("-s", keys, tuple(SORT_KEYS))
    _check("--by", by, ALL_GROUPS)
    most = (LINES_OF_TEXT if form == "text" else None) if lines is None else lines or None
    opened = open_trace(paths, form)
    wanted = Wanted(allocators, by, live, keys, most)
    stat = compute(opened.trace, wanted, page_size or opened.page_size)
    write(_render(stat, form), output)


def _check(option: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            trouble(f"{option} {name}: there is no such thing; use one of {', '.join(known)}")


def _render(stat: Stat, form: str) -> str:
    if form == "text":
        from tracekit.report.stat_text import render

        return render(stat)
    from tracekit.report import stat_json

    return stat_json.render(stat) if form == "json" else stat_json.render_csv(stat)
