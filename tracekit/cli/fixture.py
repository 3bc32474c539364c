"""``tracekit fixture record|check|update``: captured boots as regression fixtures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracekit.cli.output import TROUBLE, trouble, write

if TYPE_CHECKING:
    from tracekit.fixtures.check import Outcome


@click.group("fixture", short_help="Captured boots as regression fixtures.")
def command() -> None:
    """Record, check and update captured boots as regression fixtures.

    A fixture is a folder with a boot's logs and the report that its replay must give. A
    boot with a fault that must be found, or a log that is cut, is a fixture like any other.
    """


@command.command("record")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--anonymise", is_flag=True, help="Replace host names, serials, MACs, secrets.")
def record_command(logs: tuple[str, ...], output: Path, anonymise: bool) -> None:
    """Make a fixture of a boot: shrunken logs, meta.json and expected.json."""
    from tracekit.capture import CaptureError
    from tracekit.fixtures.record import record

    try:
        report = record(logs, output, anonymise)
    except CaptureError as error:
        trouble(str(error))
    except OSError as error:
        trouble(f"{error.filename}: {error.strerror}; choose another folder with -o")
    lines = sum(source["lines"] for source in report["boot"]["sources"])
    words = {"agrees": "agrees", "diverges": "diverges", "incomplete": "is incomplete"}
    click.echo(
        f"{output}: recorded, {lines:,} lines, the replay {words[report['verdict']]}; "
        f"next: tracekit fixture check {output}"
    )


@command.command("check")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(1), help="Processes; all processors by default.")
@click.option("--format", "form", type=click.Choice(("text", "junit")), default="text")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to stdout.")
def check_command(
    folders: tuple[Path, ...], jobs: int | None, form: str, output: str | None
) -> None:
    """Replay all fixtures at or below DIR... and show what changed in which.

    Exit status: 0 all as kept, 1 something changed, 2 a fixture could not be replayed.
    """
    from tracekit.fixtures.check import check_all

    found = check_all(_find(folders), jobs)
    if form == "junit":
        from tracekit.fixtures.junit import render

        outcomes = list(found)
        write(render(outcomes), output)
    else:
        outcomes = list(_told(found, verb="changed"))
        click.echo(_summary(outcomes))
    _leave(outcomes)


def _summary(outcomes: Sequence[Outcome]) -> str:
    """Return how many are as kept, and what is kept of them: faults to be found count too."""
    kept = Counter(outcome.verdict for outcome in outcomes if outcome.passed)
    words = {"agrees": "agreeing", "diverges": "diverging", "incomplete": "incomplete"}
    told = ", ".join(f"{count} {words[verdict]}" for verdict, count in sorted(kept.items()))
    total = f"{kept.total()} of {len(outcomes)} fixtures as kept"
    return f"{total} ({told})" if told else total


@command.command("update")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
def update_command(folders: tuple[Path, ...]) -> None:
    """Rewrite the kept report of the fixtures that changed, and say what changed."""
    from tracekit.fixtures.check import update_fixture

    outcomes = list(_told(map(update_fixture, _find(folders)), verb="updated"))
    click.echo(f"{sum(bool(o.changes) for o in outcomes)} of {len(outcomes)} fixtures updated")
    if any(outcome.trouble for outcome in outcomes):
        raise SystemExit(TROUBLE)


def _find(folders: Sequence[Path]) -> list[Path]:
    from tracekit.fixtures.check import find_fixtures

    found = find_fixtures(folders)
    if not found:
        trouble(
            f"{' '.join(map(str, folders))}: no expected.json at or below; make a fixture with "
            "tracekit fixture record"
        )
    return found


def _told(outcomes: Iterable[Outcome], verb: str) -> Iterator[Outcome]:
    for outcome in outcomes:
        if outcome.trouble:
            click.echo(f"{outcome.folder}: cannot be replayed\n    {outcome.trouble}")
        elif outcome.changes:
            click.echo(f"{outcome.folder}: {verb}")
            click.echo("".join(f"    {change}\n" for change in outcome.changes), nl=False)
        yield outcome


def _leave(outcomes: Sequence[Outcome]) -> None:
    if any(outcome.trouble for outcome in outcomes):
        raise SystemExit(TROUBLE)
    if not all(outcome.passed for outcome in outcomes):
        raise SystemExit(1)
