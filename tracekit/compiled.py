"""Modules that have two forms: the Python source, and the same source compiled.

setup.py compiles the modules listed here with Cython; a .pxd file beside a module gives C types
to its classes and variables, so that the rules stand in one place. The compiled form is used
where all of it is there and was made from the sources as they are now; else all modules run as
plain Python, and do the same more slowly. TRACEKIT_PURE=1 in the environment asks for that.

EXTENSIONS exist in compiled form only, and other modules do their work where they are missing.
They too are left alone if they were made from other sources than those beside them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from zlib import crc32

HERE = Path(__file__).parent
# written by setup.py: the checksums of the sources of MODULES and EXTENSIONS that were compiled
STAMP = HERE / "compiled.stamp"
MODULES = (
    "tracekit.mm.page_alloc",
    "tracekit.mm.page_alloc_zone",
    "tracekit.mm.slub",
    "tracekit.mm.slub_freelist",
    "tracekit.mm.slub_sheaf",
    "tracekit.mm.slub_sheaf_cache",
    "tracekit.mm.slub_sheaf_refill",
    "tracekit.replay.page_alloc.frees",
    "tracekit.replay.page_alloc.future",
    "tracekit.replay.page_alloc.policy",
    "tracekit.replay.page_alloc.stream",
    "tracekit.replay.page_alloc.ties",
    "tracekit.replay.page_alloc.twin",
    "tracekit.replay.page_alloc.unlogged",
    "tracekit.replay.page_alloc.vmalloc",
    "tracekit.replay.slub.address",
    "tracekit.replay.slub.alloc",
    "tracekit.replay.slub.desk",
    "tracekit.replay.slub.free",
    "tracekit.replay.slub.page_rows",
    "tracekit.replay.slub.scans",
    "tracekit.replay.slub.twin",
    "tracekit.replay.slub.world",
)
EXTENSIONS = ("tracekit.events.bulk._compiled", "tracekit.syntax._scanner")


def source(module: str) -> Path:
    """Return the Python file of one of MODULES."""
    return HERE.joinpath(*module.split(".")[1:]).with_suffix(".py")


def extension_source(module: str) -> Path:
    """Return the Cython file of one of EXTENSIONS."""
    return source(module).with_suffix(".pyx")


def checksum(paths: Iterable[Path]) -> str:
    """Return the checksum of those of the files that exist."""
    found = 0
    for path in paths:
        if path.exists():
            found = crc32(path.read_bytes(), found)
    return f"{found:08x}"


def module_sum() -> str:
    """Return the checksum of the sources of MODULES, types included."""
    paths = map(source, MODULES)
    return checksum(each for path in paths for each in (path, path.with_suffix(".pxd")))


def extension_sum() -> str:
    """Return the checksum of the sources of EXTENSIONS, with what these include."""
    paths = map(extension_source, EXTENSIONS)
    return checksum(each for path in paths for each in (path, *sorted(path.parent.glob("*.pxi"))))


def _is_stamped(found: str) -> bool:
    return STAMP.exists() and found in STAMP.read_text().split()


def in_use() -> bool:
    """Return whether the compiled form is there, is that of the sources, and may be used."""
    return os.environ.get("TRACEKIT_PURE", "0") in ("", "0") and _is_stamped(module_sum())


@cache
def _compiled_form_chosen() -> bool:
    """Return in_use(), asked once: the modules of one process all have the same form."""
    return in_use()


class PythonFinder:
    """Finds the Python form of the modules of two forms where the compiled one is not used.

    That is found out when the first of them is imported: most commands need none.
    """

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the Python form is; None for every other module, and for compiled ones.

        Raises ModuleNotFoundError for one of EXTENSIONS that was made from other sources.
        """
        if name in EXTENSIONS and not _is_stamped(extension_sum()):
            raise ModuleNotFoundError(f"{name} was made from other sources", name=name)
        if name not in MODULES or _compiled_form_chosen():
            return None
        file = str(source(name))
        return spec_from_file_location(name, file, loader=SourceFileLoader(name, file))


def choose() -> None:
    """Have the Python form imported from now on if the compiled one is not to be used."""
    sys.meta_path.insert(0, PythonFinder())
