"""``tracekit map LOG``: the physical address space as a picture."""

from __future__ import annotations

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import collector_off, trouble, write


@click.command("map", short_help="Draw the physical address space.")
@click.argument("paths", nargs=-1, required=True, metavar="LOG...", cls=LogArgument)
@click.option("--svg", metavar="FILE", help="Write an SVG picture to FILE instead.")
@click.option("--width", type=click.IntRange(16, 256), default=64, help="Cells in a row.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def command(paths: tuple[str, ...], svg: str | None, width: int, output: str | None) -> None:
    """Draw what is RAM, what is reserved and for what, the zones and the nodes.

    A log made with memblock=debug shows every reservation; an ordinary one the RAM alone.
    """
    from tracekit.boot import load
    from tracekit.capture import CaptureError
    from tracekit.replay.boot import replay
    from tracekit.report.map import stretches
    from tracekit.report.map_svg import render_svg
    from tracekit.report.map_text import render_text

    try:
        with collector_off():
            context = replay(load(*paths), stages=("memblock", "mm_init")).context
    except CaptureError as error:
        trouble(str(error))
    found = stretches(context)
    if not found:
        trouble(f"{' '.join(paths)}: no line says what is at which address; "
                "give the whole log of a boot")  # fmt: skip
    if svg is not None:
        write(render_svg(found), svg)
    else:
        write(render_text(found, width), output)
