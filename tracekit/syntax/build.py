"""Write the tables of the lowered grammars: ``python -m tracekit.syntax.build``."""

from __future__ import annotations

import json

from tracekit.syntax.rules import TABLES, build_tables


def main() -> None:
    """Lower every grammar and write ``tables.json`` beside this module."""
    TABLES.write_text(json.dumps(build_tables(), separators=(",", ":")))


if __name__ == "__main__":
    main()
