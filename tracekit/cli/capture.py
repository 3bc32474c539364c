"""``tracekit capture``: how to capture a boot, or capture the one of this machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

import click

from tracekit.cli.output import trouble


@click.command("capture", short_help="Capture a boot.")
@click.option("--print-cmdline", is_flag=True, help="Say what to add to the kernel command line.")
@click.option("--print-script", is_flag=True, help="Print the script that runs on the target.")
@click.option("--kernel", metavar="RELEASE", help="The target's kernel; this machine's by default.")
@click.option(
    "--arch", metavar="NAME", help="The target's architecture; this machine's by default."
)
@click.option("--memory", metavar="SIZE", help="The target's RAM, as 512M or 4G.")
@click.option("--cpus", type=click.IntRange(1), metavar="N", help="The target's processors.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("boot"),
    metavar="DIR",
    help="The boot folder to write.",
    show_default=True,
)
def command(
    print_cmdline: bool,
    print_script: bool,
    kernel: str | None,
    arch: str | None,
    memory: str | None,
    cpus: int | None,
    output: Path,
) -> None:
    """Capture this machine's boot into a folder, or say how to capture another's.

    The snapshot of the allocators' state is taken by one POSIX shell script, which runs on
    any target that has busybox: tracekit capture --print-script.
    """
    if print_script:
        click.echo(script(), nl=False)
    if print_cmdline:
        _print_cmdline(kernel, arch, memory, cpus)
    if not print_script and not print_cmdline:
        _capture_here(output)


def script() -> str:
    """Return the text of the capture script."""
    return files("tracekit.fixtures").joinpath("target.sh").read_text(encoding="utf-8")


def _print_cmdline(
    release: str | None, arch: str | None, memory: str | None, cpus: int | None
) -> None:
    from tracekit.fixtures.cmdline import options
    from tracekit.kernel.identify import parse_version
    from tracekit.kernel.kernel import Kernel

    name = release or platform.release()
    version = parse_version(name)
    if version is None:
        raise click.BadParameter(
            f"{name!r} is no kernel release; write it as 6.12.1", param_hint="--kernel"
        )
    size = _memory(memory)
    found = options(
        Kernel(name, version, arch or platform.machine()), size, cpus or os.cpu_count() or 1
    )
    click.echo(" ".join(option.word for option in found))
    for option in found:
        click.echo(f"  {option.word:34} {option.purpose} (cost: {option.cost})", err=True)
    taken = sum(option.memory for option in found)
    click.echo(f"in all about {taken >> 20} MiB of {size >> 20} MiB, until the next boot", err=True)


def _memory(text: str | None) -> int:
    if text is None:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    units = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    number, unit = text[:-1], text[-1:].lower()
    if unit not in units or not number.isdigit():
        raise click.BadParameter(f"{text!r} is no size; write it as 512M or 4G")
    return int(number) * units[unit]


def _capture_here(output: Path) -> None:
    from tracekit.cli.import_ import import_into

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "boot.gz"
        run = subprocess.run(
            ["/bin/sh", "-s", str(archive)], input=script(), text=True, capture_output=True
        )
        if run.returncode:
            trouble(run.stderr.strip() or "the capture script failed")
        import_into(archive.read_bytes(), str(archive), output)
