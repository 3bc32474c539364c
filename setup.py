"""Build the optional compiled parts, and the tables of the lowered grammars.

Everything works without the compiled parts, only slower: where there is no compiler the
package installs without them.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
OPTIMISE = ["-O3"] if os.name == "posix" else []


def extensions() -> list[Extension]:
    """Return one optional extension for each .pyx file of the package."""
    sources = sorted((HERE / "tracekit").rglob("*.pyx"))
    paths = [source.relative_to(HERE) for source in sources]
    return [
        Extension(
            ".".join(path.with_suffix("").parts),
            [str(path)],
            extra_compile_args=OPTIMISE,
            optional=True,
        )
        for path in paths
    ]


class BuildWithTables(build_py):
    """Lower the grammars before the package's files are gathered."""

    def run(self) -> None:
        """Write tracekit/syntax/tables.json, then build as usual."""
        import sys

        sys.path.insert(0, str(HERE))
        from tracekit.syntax.build import main

        main()
        super().run()


setup(ext_modules=extensions(), cmdclass={"build_py": BuildWithTables})
