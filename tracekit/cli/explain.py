"""``tracekit explain CODE``: what a divergence code means and what to do about it."""

from __future__ import annotations

import click

from tracekit.cli.output import trouble, write


@click.command("explain", short_help="Explain a divergence code.")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain CODE (MB101, or its name); without one, list all codes."""
    from tracekit.divergence import catalogue, lookup
    from tracekit.report.explain import render_code, render_list

    if code is None:
        write(render_list(list(catalogue().values())), None)
        return
    try:
        entry = lookup(code)
    except KeyError:
        trouble(f"there is no code {code}; tracekit explain lists all codes")
    write(render_code(entry), None)
