"""Reservations of unchanged size that lie elsewhere, once the kernel image is rebased.

KASLR moves the image, and what is carved out of it, by one constant; that is no difference.
A reservation is compared with the one of the same owner and size at the same turn. Where the
image lies elsewhere, allocations may have to go around it: such a move counts as one that comes
from boot to boot (``Change.state``) if the replay predicted every address of both boots from
what came before, so that nothing but the image's place is left to cause it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tracekit.compare.change import Change
from tracekit.compare.side import Side
from tracekit.replay.memblock.log import Alloc, Doubled
from tracekit.replay.memblock.regions import UNLOGGED, History, Piece

Key = tuple[str, int]


def move_changes(a: Side, b: Side, resized: bool = False) -> Iterator[Change]:
    """Yield one change per owner whose reservations moved, with the distances in words.

    ``resized`` says that memory differs in size as well: then no move is laid to the image.
    """
    one, two = _places(a), _places(b)
    image = _image_shift(one, two)
    follow = image and not resized and _predicted(a) and _predicted(b)
    chosen = _allocated(a) & _allocated(b) if follow else set()
    for key in one.keys() & two.keys():
        if len(one[key]) != len(two[key]):
            continue  # Their number changed: that is a change of size, told elsewhere.
        shifts = [q - p for p, q in zip(one[key], two[key], strict=True)]
        moved = [shift for shift in shifts if shift not in (0, image)]
        if moved:
            first = next(i for i, shift in enumerate(shifts) if shift in moved)
            yield _change(key, one[key][first], two[key][first], len(moved), key in chosen)


def _change(key: Key, old: int, new: int, count: int, state: bool) -> Change:
    more = f" and {count - 1} more" if count > 1 else ""
    name = f"{key[0]} ({key[1]} bytes)"
    words = f"{old:#x}", f"{new:#x}{more}"
    return Change("moves", "address", name, *words, is_bytes=False, state=state)


def _places(side: Side) -> dict[Key, list[int]]:
    places: dict[Key, list[int]] = defaultdict(list)
    for piece in side.reserved:
        places[_key(piece)].append(piece.start)
    return places


def _key(piece: Piece) -> Key:
    return piece.owner, piece.end - piece.start


def _image_shift(one: dict[Key, list[int]], two: dict[Key, list[int]]) -> int:
    """Return how far the kernel image moved: the commonest shift of what no allocator placed."""
    shifts: Counter[int] = Counter()
    for key in one.keys() & two.keys():
        if key[0] == UNLOGGED or key[0].startswith("setup_arch"):
            shifts.update(q - p for p, q in zip(one[key], two[key], strict=False) if p != q)
    return shifts.most_common(1)[0][0] if shifts else 0


def _predicted(side: Side) -> bool:
    """Whether the replay predicted the address of every allocation that the log shows."""
    ledgers = [ledger for ledger in side.replay.allocators if ledger.name == "memblock"]
    checks = [ledger.checks["address"] for ledger in ledgers if "address" in ledger.checks]
    return bool(checks) and all(check.matched == check.events for check in checks)


def _allocated(side: Side) -> set[Key]:
    """Return the owners all of whose places memblock chose: no firmware and no boot loader."""
    history = side.replay.context.take(History)
    steps = history.steps if history else ()
    lines = {step.source for step in steps if isinstance(step, Alloc | Doubled)}
    given = {_key(piece) for piece in side.reserved if piece.line not in lines}
    return {_key(piece) for piece in side.reserved} - given
