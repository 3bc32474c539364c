"""``tracekit import FILE -o DIR``: the console log of a captured run becomes a boot folder."""

from __future__ import annotations

from pathlib import Path

import click

from tracekit.cli.output import TROUBLE, trouble


@click.command("import", short_help="Make a boot folder of a capture.")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR")
def command(source: Path, output: Path) -> None:
    """Turn the archive of the capture script, or the console log that holds it, into a folder.

    Exit status: 0 the capture is whole, 2 it was cut or is no capture.
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
    click.echo(f"{output}: {len(dump.files)} files; next: tracekit replay {output}")
