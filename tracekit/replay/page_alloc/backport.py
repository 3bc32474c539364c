"""Rules that distributions put into kernels older than the release that has them.

Where the version alone speaks against a rule, the trace is replayed both ways, and the one by
which more blocks leave the free lists as predicted is this kernel's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tracekit.mm.page_alloc_rules import Rules
from tracekit.replay.ledger import Ledger
from tracekit.replay.page_alloc.account import REFILL, Account
from tracekit.replay.page_alloc.stream import Stream
from tracekit.replay.page_alloc.twin import Twin

Maker = Callable[[Rules, Stream, Account], Twin]


def settle_rules(rules: Rules, read: Callable[[], Stream], make: Maker, account: Account) -> Rules:
    """Return the rules that the trace bears out, and list it where they are a later kernel's.

    ``read`` returns the rows of the trace anew, ``make`` a twin at their first.
    """
    if rules.merge_to_tail:
        return rules
    later = replace(rules, merge_to_tail=True)
    own, other = (_matched(tried, read, make) for tried in (rules, later))
    if other <= own:
        return rules
    account.infer(
        "merge-rule",
        "blocks that are likely to merge go to the tail of their list (6dda9d55bf54, v2.6.35)",
        f"{other} blocks leave the free lists as that rule has it, {own} without it",
        0,
    )
    return later


def _matched(rules: Rules, read: Callable[[], Stream], make: Maker) -> int:
    """Return how many refills follow the rules."""
    stream = read()
    account = Account(stream, Ledger("page_alloc"))
    make(rules, stream, account).run(0, len(stream))
    return account.matched[REFILL]
