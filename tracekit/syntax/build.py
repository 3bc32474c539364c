"""Write the tables of the lowered grammars: ``python -m tracekit.syntax.build``."""

from __future__ import annotations

import json

from tracekit.syntax.assemble import storable
from tracekit.syntax.rules import SCANNER, TABLES, build_tables


def main() -> None:
    """Lower every grammar and write ``tables.json`` beside this module."""
    tables = build_tables() | {SCANNER: storable()}
    TABLES.write_text(json.dumps(tables, separators=(",", ":")))


if __name__ == "__main__":
    main()
