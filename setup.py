"""Build the optional compiled parts, and the tables of the lowered grammars.

Everything works without the compiled parts, only slower: where there is no compiler the
package installs without them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CompileError

try:
    from Cython.Compiler.Errors import CompileError as CythonError
except ImportError:
    CythonError = CompileError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from tracekit.compiled import (  # noqa: E402
    EXTENSIONS,
    MODULES,
    STAMP,
    extension_source,
    extension_sum,
    module_sum,
    source,
)

SCANNER_FLAGS = ["-O3"] if os.name == "posix" else []
# Python code compiled is long: this halves the time that it takes, and costs little speed.
LOOP_FLAGS = ["-O1", "-g0"] if os.name == "posix" else []
# C types are those of the .pxd files: annotations are for people and for mypy.
LOOP_DIRECTIVES = {
    "language_level": 3,
    # nobody looks into these functions, and without names and defaults they are shorter
    "binding": False,
    "annotation_typing": False,
    "auto_pickle": False,
    "emit_code_comments": False,
    # columns are there from an object's beginning
    "initializedcheck": False,
}


def scanners() -> list[Extension]:
    """Return one optional extension for each module that is written in Cython."""
    sources = [extension_source(module).relative_to(HERE) for module in EXTENSIONS]
    return [_extension(path, SCANNER_FLAGS) for path in sources]


def loops() -> list[Extension]:
    """Return one optional extension for each Python module that is compiled as it stands."""
    found = [_extension(source(module).relative_to(HERE), LOOP_FLAGS) for module in MODULES]
    for extension in found:
        extension.cython_directives = LOOP_DIRECTIVES
    return found


def _extension(path: Path, flags: list[str]) -> Extension:
    name = ".".join(path.with_suffix("").parts)
    return Extension(name, [str(path)], extra_compile_args=flags, optional=True)


class BuildWithTables(build_py):
    """Lower the grammars before the package's files are gathered."""

    def run(self) -> None:
        """Write tracekit/syntax/tables.json, then build as usual."""
        from tracekit.syntax.build import main

        main()
        super().run()


class BuildStamped(build_ext):
    """Say in tracekit/compiled.stamp which sources the compiled modules were made from."""

    def run(self) -> None:
        """Build; the stamp says which of the two groups were compiled as a whole."""
        self.built: set[str] = set()
        if self.inplace:
            self._remove_leftovers()
        super().run()
        folder = HERE if self.inplace else Path(self.build_lib)
        stamp = folder / STAMP.relative_to(HERE)
        stamp.unlink(missing_ok=True)
        groups = {MODULES: module_sum, EXTENSIONS: extension_sum}
        sums = [found() for group, found in groups.items() if self.built.issuperset(group)]
        if sums:
            stamp.write_text("\n".join(sums) + "\n")

    def _remove_leftovers(self) -> None:
        """Remove what was compiled of modules that no longer are: it would hide their source."""
        wanted = {Path(self.get_ext_filename(ext.name)) for ext in self.extensions}
        for found in (HERE / "tracekit").rglob("*" + Path(min(wanted)).suffix):
            if found.relative_to(HERE) not in wanted:
                found.unlink()

    def build_extension(self, ext: Extension) -> None:
        """Build one extension; a failure leaves the package with its Python form."""
        try:
            super().build_extension(ext)
        except CythonError as error:
            # what Cython cannot translate is no reason not to install
            raise CompileError(str(error)) from error
        self.built.add(ext.name)


setup(
    ext_modules=scanners() + loops(),
    cmdclass={"build_py": BuildWithTables, "build_ext": BuildStamped},
)
