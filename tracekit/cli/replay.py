"""``tracekit replay PATH...``: replay a boot and report where log and rules part ways."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import TROUBLE, collector_off, trouble, write

if TYPE_CHECKING:
    from tracekit.replay.boot import Replay

FORMATS = ("text", "json", "html", "markdown", "junit", "sarif")
STAGES = ("memblock", "bootmem", "numa_32", "mm_init", "page_alloc", "slub", "percpu")


@click.command("replay", short_help="Replay a boot log.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", cls=LogArgument)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write the report to FILE, not to stdout.")
@click.option("--until", metavar="LINE|TIMEs", help="Stop at this line, or at this time (1.5s).")
@click.option(
    "--stage", "stages", multiple=True, type=click.Choice(STAGES), help="Report only this one."
)
@click.option(
    "--state",
    "wanted",
    multiple=True,
    metavar="handoff|snapshot|LINE",
    help="Add the simulated free lists at this moment to the report.",
)
@click.option("--notes", is_flag=True, help="Spell out every note.")
@click.option("--strict", is_flag=True, help="Exit 2 for an incomplete log.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 even when the boot diverges.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Replay every boot at or below PATH... in N processes, a line each; -o FILE.csv|.parquet.",
)
def command(
    paths: tuple[str, ...],
    form: str,
    output: str | None,
    until: str | None,
    stages: tuple[str, ...],
    wanted: tuple[str, ...],
    notes: bool,
    strict: bool,
    exit_zero: bool,
    jobs: int | None,
) -> None:
    """Replay a dmesg log, a trace, a captured boot folder, or several that belong together.

    ``-`` reads standard input. Exit status: 0 the log agrees with the kernel's rules, 1 it
    diverges, 2 trouble.
    """
    from tracekit.boot import Until, load
    from tracekit.capture import CaptureError
    from tracekit.replay.boot import replay

    if jobs is not None:
        from tracekit.cli.batch import replay_many

        raise SystemExit(replay_many(paths, jobs, output))
    end = Until(*_until(until)) if until else None
    try:
        with collector_off():
            boot = load(*paths, until=end)
            if boot.is_empty:
                _nothing(form, output, paths)
            result = replay(boot, stages=stages, wanted=wanted)
            report = _render(result, form, notes)
    except CaptureError as error:
        _refuse(form, output, str(error))
    write(report, output)
    raise SystemExit(_status(result.verdict, strict, exit_zero))


def _until(text: str) -> tuple[int | None, float | None]:
    try:
        return (None, float(text[:-1])) if text.endswith("s") else (int(text), None)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a line (120) nor a time (1.5s)") from None


def _nothing(form: str, output: str | None, paths: tuple[str, ...]) -> None:
    _refuse(
        form,
        output,
        f"{' '.join(paths)}: no line of a Linux boot log or kmem trace found, nothing to replay; "
        "give the output of dmesg, a serial console log, or a captured boot folder",
    )


def _refuse(form: str, output: str | None, message: str) -> None:
    if form == "json":
        from tracekit.report.json import render_error

        write(render_error(message), output)
    trouble(message)


def _status(verdict: str, strict: bool, exit_zero: bool) -> int:
    if verdict == "diverges":
        return 0 if exit_zero else 1
    return TROUBLE if verdict == "incomplete" and strict else 0


def _render(result: Replay, form: str, notes: bool) -> str:
    if form == "text":
        from tracekit.report.table import render

        return render(result, notes)
    render_other: Callable[[Replay], str] = import_module(f"tracekit.report.{form}").render
    return render_other(result)
