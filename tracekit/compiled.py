"""Modules that have two forms: the Python source, and the same source compiled.

setup.py compiles the modules listed here with Cython; a .pxd file beside a module gives C types
to its classes and variables, so that the rules stand in one place. The compiled form is used
where all of it is there and was made from the sources as they are now; else all modules run as
plain Python, and do the same more slowly. TRACEKIT_PURE=1 in the environment asks for that.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from zlib import crc32

HERE = Path(__file__).parent
# written by setup.py: the checksum of the sources that were compiled
STAMP = HERE / "compiled.stamp"
MODULES = (
    "tracekit.mm.page_alloc",
    "tracekit.mm.page_alloc_fallback",
    "tracekit.mm.page_alloc_rules",
    "tracekit.mm.page_alloc_zone",
    "tracekit.mm.slub",
    "tracekit.mm.slub_freelist",
    "tracekit.mm.slub_sheaf",
    "tracekit.mm.slub_sheaf_cache",
    "tracekit.mm.slub_sheaf_refill",
    "tracekit.replay.page_alloc.floating",
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


def source(module: str) -> Path:
    """Return the Python file of one of MODULES."""
    return HERE.joinpath(*module.split(".")[1:]).with_suffix(".py")


def checksum() -> str:
    """Return the checksum of the sources of all modules, types included."""
    found = 0
    for module in MODULES:
        path = source(module)
        found = crc32(path.read_bytes(), found)
        types = path.with_suffix(".pxd")
        if types.exists():
            found = crc32(types.read_bytes(), found)
    return f"{found:08x}"


def in_use() -> bool:
    """Return whether the compiled form is there, is that of the sources, and may be used."""
    if os.environ.get("TRACEKIT_PURE", "0") not in ("", "0") or not STAMP.exists():
        return False
    return STAMP.read_text() == checksum()


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
        """Return where the Python form is; None for every other module, and for compiled ones."""
        if name not in MODULES or _compiled_form_chosen():
            return None
        file = str(source(name))
        return spec_from_file_location(name, file, loader=SourceFileLoader(name, file))


def choose() -> None:
    """Have the Python form imported from now on if the compiled one is not to be used."""
    sys.meta_path.insert(0, PythonFinder())
