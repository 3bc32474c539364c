"""Where the report shows simulated free lists (``--state``)."""

from __future__ import annotations

from typing import Any

from tracekit.replay.context import Context


def show_free_lists(context: Context, moment: str, lists: dict[str, Any]) -> None:
    """Add free lists to the report's ``state.page_alloc`` if the user wants this moment.

    ``lists`` is node -> zone -> order -> migratetype -> [pfn, in list order]. With several
    moments wanted, each stands under its own name.
    """
    if moment not in context.wanted:
        return
    state = context.ledger("page_alloc").state
    if len(context.wanted) == 1:
        state.update(lists)
    else:
        state[moment] = lists
