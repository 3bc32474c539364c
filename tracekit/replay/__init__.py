"""One driver per allocator: events in, predictions checked, inferences and divergences out.

``tracekit.replay(boot)`` is part of the public interface, and this package has the same name:
importing any module of it binds ``tracekit.replay`` to the package. So the package can be
called like the function.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.boot import Boot
    from tracekit.replay.boot import Replay


class _CallablePackage(ModuleType):
    def __call__(self, boot: Boot, **options: Any) -> Replay:
        from tracekit.replay.boot import replay

        return replay(boot, **options)


sys.modules[__name__].__class__ = _CallablePackage
