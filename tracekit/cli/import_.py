"""``tracekit import FILE -o DIR``: the console log of a captured run becomes a boot folder."""

from __future__ import annotations

from pathlib import Path

import click

from tracekit.cli.output import TROUBLE, trouble


@click.command("import", short_help="Make a boot folder of a capture.")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The boot folder to write.",
)
def command(source: Path, output: Path) -> None:
    """Turn the archive of the capture script, or the console log that holds it, into a folder.

    What the capture, the log and the trace lack is said before anything else. Exit status: 0
    the capture is whole, 2 it was cut or is no capture.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        trouble(f"{source}: cannot be read ({error.strerror})")
    import_into(data, str(source), output)


def import_into(data: bytes, name: str, output: Path) -> None:
    """Write the boot folder and say what it holds; leave with 2 where the capture is cut."""
    from tracekit.fixtures.importing import ImportProblemError, import_capture

    try:
        dump = import_capture(data, output)
    except ImportProblemError as error:
        trouble(f"{name}: {error}")
    except OSError as error:
        trouble(f"{error.filename}: cannot be written ({error.strerror})")
    if not dump.whole:
        click.echo(
            f"tracekit: {name}: the capture ends early, {output} holds what came before; "
            "capture it again for the rest",
            err=True,
        )
        raise SystemExit(TROUBLE)
    for problem in _lacking(output):
        click.echo(f"tracekit: {problem}", err=True)
    click.echo(f"{output}: {len(dump.files)} files; next: tracekit replay {output}")


def _lacking(output: Path) -> list[str]:
    """Return what the log and the trace lack although the capture is whole, before any replay."""
    from tracekit.boot import load
    from tracekit.capture import CaptureError

    try:
        sources = load(output).sources
    except CaptureError as error:
        return [str(error)]
    return [
        f"{source.path}: {problem}"
        for source in sources
        if not source.complete
        for problem in source.problems
    ]
