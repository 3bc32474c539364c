"""The argument that names logs: files, captured boot folders, or ``-`` for standard input."""

from __future__ import annotations

from typing import Any

import click


class LogArgument(click.Argument):
    """One or more logs; without any, the message says how to give one."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the paths. Raises click.UsageError where none is named."""
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter as missing:
            raise click.UsageError(
                "no log given. Name a file or a captured boot's folder, or - to read standard "
                f"input: dmesg | {ctx.command_path} -",
                ctx,
            ) from missing
