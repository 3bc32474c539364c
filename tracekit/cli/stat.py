"""``tracekit stat PATH...``: count what a trace says, in the vocabulary of perf kmem stat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import collector_off, trouble, write
from tracekit.cli.trace_input import OpenedTrace, open_trace

if TYPE_CHECKING:
    from tracekit.replay.page_alloc.history import PageHistory
    from tracekit.report.stat_json import Holdings
    from tracekit.report.stat_options import Stat

FORMATS = ("text", "json", "csv")
LINES_OF_TEXT = 20


@click.command("stat", short_help="Count what a kmem trace says.")
@click.argument("paths", nargs=-1, required=True, metavar="BOOT|TRACE...", cls=LogArgument)
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
@click.option("--phases", is_flag=True, help="How much each allocator holds, phase by phase.")
@click.option("--svg", metavar="FILE", help="With --page: draw the zones over time into FILE.")
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
    phases: bool,
    svg: str | None,
) -> None:
    """Count what the events of a trace say of the slab, page and percpu allocators.

    Takes a trace or a captured boot folder. A thing that the trace shows made and not freed
    is live. --page, --slab and --percpu also replay the boot, where its dmesg is given, and
    show what only the simulation knows; --phases tells the story of the whole boot, and needs
    no trace. Exit status 2 where there is no trace.
    """
    if phases:
        if form == "csv":
            trouble("--phases has no csv form; use --format json")
        write(_phases(paths, form), output)
        return
    from tracekit.report.stat_options import ALL_GROUPS, DEFAULT_SORT, SORT_KEYS, Wanted, compute

    keys = tuple(key for key in sort.split(",") if key) or DEFAULT_SORT
    _check("-s", keys, tuple(SORT_KEYS))
    _check("--by", by, ALL_GROUPS)
    most = (LINES_OF_TEXT if form == "text" else None) if lines is None else lines or None
    with collector_off():
        opened = open_trace(paths, form)
        wanted = Wanted(allocators, by, live, keys, most)
        stat = compute(opened.trace, wanted, page_size or opened.page_size)
        history = _simulate(opened) if "page" in allocators or svg else None
    if svg and history is not None:
        from tracekit.report.page_history_svg import render_svg

        write(render_svg(history), svg)
    held = _hold(opened, allocators, form)
    write(_render(stat, form, history, held, most), output)


def _check(option: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            trouble(f"{option} {name}: there is no such thing; use one of {', '.join(known)}")


def _phases(paths: tuple[str, ...], form: str) -> str:
    """Return the memory of each allocator at each phase of a boot."""
    from tracekit.boot import load
    from tracekit.capture import CaptureError
    from tracekit.replay.phases import phases
    from tracekit.report.phases import render_json, render_text

    try:
        with collector_off():
            found = phases(load(*paths))
    except CaptureError as error:
        trouble(str(error))
    if not found:
        trouble(f"{' '.join(paths)}: no phase of a boot is shown; give the dmesg of a boot")
    return render_json(found) if form == "json" else render_text(found)


def _simulate(opened: OpenedTrace) -> PageHistory | str:
    """Replay the boot that the trace belongs to, up to the page allocator."""
    from tracekit.boot import from_capture
    from tracekit.replay.page_alloc.history import page_history

    return page_history(from_capture(opened.capture, trace=opened.trace))


def _hold(opened: OpenedTrace, allocators: tuple[str, ...], form: str) -> Holdings:
    """Replay the slab and percpu events, where these allocators were asked for by name."""
    from tracekit.boot import from_capture
    from tracekit.replay.percpu.holdings import percpu_holdings
    from tracekit.replay.slub.holdings import slab_holdings
    from tracekit.report.stat_json import Holdings

    if form == "csv":
        return Holdings()
    with collector_off():
        boot = from_capture(opened.capture, trace=opened.trace)
        return Holdings(
            slab_holdings(boot) if "slab" in allocators else None,
            percpu_holdings(boot) if "percpu" in allocators else None,
        )


def _render(
    stat: Stat, form: str, history: PageHistory | str | None, held: Holdings, most: int | None
) -> str:
    from tracekit.report import stat_json

    if form != "text":
        return (
            stat_json.render(stat, history, held) if form == "json" else stat_json.render_csv(stat)
        )
    from tracekit.report import holdings_text, page_history_text, stat_text

    told = "" if history is None else page_history_text.render(history, most)
    told += "" if held.slab is None else holdings_text.render_slab(held.slab, most)
    told += "" if held.percpu is None else holdings_text.render_percpu(held.percpu)
    return stat_text.render(stat) + told
