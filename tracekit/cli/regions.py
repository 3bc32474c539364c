"""``tracekit regions LOG``: memblock's regions at a line, each with its owners."""

from __future__ import annotations

import click

from tracekit.cli.logs import LogArgument
from tracekit.cli.output import collector_off, trouble, write


@click.command("regions", short_help="Memblock's regions and their owners.")
@click.argument("paths", nargs=-1, required=True, metavar="LOG...", cls=LogArgument)
@click.option("--at", "line", type=click.IntRange(1), help="After this line; the end by default.")
@click.option("--list", "which", type=click.Choice(["memory", "reserved"]), help="Only this list.")
@click.option("--address", metavar="ADDRESS", help="Only the regions that hold this address.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def command(
    paths: tuple[str, ...],
    line: int | None,
    which: str | None,
    address: str | None,
    form: str,
    output: str | None,
) -> None:
    """Show memblock's lists with the owners of every region, merged ones with all of them.

    The log must have been made with memblock=debug. Exit status 2 where it was not.
    """
    from tracekit.boot import load
    from tracekit.capture import CaptureError
    from tracekit.replay.boot import replay
    from tracekit.replay.memblock.regions import History
    from tracekit.report.regions import render_json, render_text

    wanted = _address(address)
    try:
        with collector_off():
            context = replay(load(*paths), stages=("memblock",)).context
    except CaptureError as error:
        trouble(str(error))
    found = context.take(History)
    if found is None:
        named = " ".join(paths)
        trouble(f"{named}: no memblock lines; boot with memblock=debug to see its regions")
    regions = [region for region in found.at(line) if which in (None, region.list)]
    if wanted is not None:
        regions = [region for region in regions if region.start <= wanted < region.end]
    write(render_json(regions) if form == "json" else render_text(regions), output)


def _address(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 0)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no address; write it as 0x1000") from None
