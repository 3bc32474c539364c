"""The command line: arguments and exit codes, no logic; one command per file."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

# What each command is for stands here, so that --help imports no command.
COMMANDS = {
    "replay": "Replay a boot log and say where it parts ways with the kernel's rules.",
    "regions": "Show memblock's regions and their owners at a line of the log.",
    "explain": "Explain a divergence code: what it means and what to do.",
    "budget": "Show where the memory went, from firmware map to free pages.",
    "map": "Draw the physical address space: RAM, reserved, zones, nodes.",
    "stat": "Count what a kmem trace says, in the vocabulary of perf kmem stat.",
    "events": "Export the events of a trace as csv, parquet or json.",
    "diff": "Compare two boots by cause.",
    "fixture": "Record, check and update captured boots as regression fixtures.",
    "capture": "Say how to capture a boot, or capture this machine's.",
    "import": "Turn the console log of a captured run into a boot folder.",
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called: start-up time is part of the use.

    It is also the one place that catches every exception: what no command foresaw is a defect
    of tracekit, and leaves as one sentence with exit status 2. TRACEKIT_DEBUG=1 shows the
    traceback instead; tests call the library, or set it.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an exception that nothing foresaw becomes a sentence."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("TRACEKIT_DEBUG"):
                raise
            from tracekit.cli.output import internal_error

            internal_error(error)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, imported now, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name
        command = import_module(f"tracekit.cli.{module}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from tracekit import __version__
    from tracekit.compiled import in_use
    from tracekit.syntax.path import reading_path

    form = "compiled" if in_use() else "plain Python; build the extension for speed"
    click.echo(f"tracekit {__version__} (trace lines are read by {reading_path()})")
    click.echo(f"The replay's inner loops are {form}.")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version, and what runs compiled.",
)
def main() -> None:
    """Replay a Linux boot log through simulated memory allocators.

    tracekit replay dmesg.log says where what the kernel logged and what its own rules imply
    part ways. Exit status: 0 agrees, 1 diverges, 2 trouble.
    """


def run() -> None:
    """Run the command line as a program, and leave as soon as its output is out.

    Python would first look for cycles among millions of objects and free them one by one.
    TRACEKIT_DEBUG=1 has it leave in the ordinary way, as profilers need.
    """
    try:
        main(prog_name="tracekit")
    except SystemExit as leaving:
        if os.environ.get("TRACEKIT_DEBUG") or not isinstance(leaving.code, int):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leaving.code)
