"""What may be put in, and what goes out: decisions over counted pieces. Pure and bounded.

The one promise: *whatever was accepted can be given back in full, at every moment*. At every moment means:
after each piece, also after one that falls while the slot is being closed; when the resident cancels, when a
line fails, when all is issued and the change is due. A face is accepted only if the promise still holds
afterwards. A piece in hand proves nothing about where it will lie, so it counts as stock only when the sorter
is known to send it to a unit that pays out.

Stock only grows while money comes in, and giving back never gets harder with more stock; so a promise that
held when the piece was let in holds until something is paid out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement

from kiosk.ids import DeviceId
from kiosk.money import NO_CASH, Cash, Denomination, Yen, make_change, make_most

BURST = 2
"""Pieces that may fall before a change of the mask takes hold: the one that is told and the one on its
heels."""

MAX_PIECES = 200
"""More pieces than this are not given back to anyone: the tray is full, and minutes go by."""

MAX_PER_DISPENSE = 255
"""One dispense command counts in one byte (ccTalk header 167)."""


@dataclass(frozen=True, slots=True)
class Share:
    """Pieces of one face from one unit, small enough for one dispense."""

    unit: DeviceId
    denomination: Denomination
    count: int


@dataclass(frozen=True, slots=True)
class Split:
    """A payout laid on units. `remainder` is what they cannot give: it goes on a slip."""

    shares: tuple[Share, ...]
    remainder: Yen


def can_give_back(amount: Yen, stock: Cash) -> bool:
    """True when `stock` can make exactly `amount` with a sensible number of pieces."""
    return plan_change(amount, stock) is not None


def accept_mask(
    due: Yen,
    inserted: Yen,
    stock: Cash,
    faces: Collection[Denomination] = tuple(Denomination),
    *,
    keeps: Collection[Yen] = (),
    recycled: Collection[Denomination] = (),
    is_bulk: bool = False,
) -> tuple[Denomination, ...]:
    """Of `faces`, those that may be taken now, smallest first; none when nothing is due any more.

    `stock`: pieces in units that pay out, with what was inserted and lies there. `keeps`: amounts we may come
    to keep beside nothing and `due` (one line of two fails: the fees of the other). `recycled`: faces that
    surely land in a unit that pays out. `is_bulk`: no note waits in an escrow of its own. Small faces first:
    they let a resident pay exactly when change is short.
    """
    if inserted >= due:
        return ()
    kept = frozenset({Yen(0), due, *(each for each in keeps if Yen(0) <= each <= due)})
    return _mask(inserted, stock, frozenset(faces), kept, frozenset(recycled), is_bulk)


@lru_cache(maxsize=64)
def _mask(
    inserted: Yen,
    stock: Cash,
    faces: frozenset[Denomination],
    kept: frozenset[Yen],
    recycled: frozenset[Denomination],
    is_bulk: bool,
) -> tuple[Denomination, ...]:
    """Asked again with every event between people, and with every coin."""
    chosen: tuple[Denomination, ...] = ()
    for face in sorted(faces, key=lambda each: each.face):
        if _is_safe((*chosen, face), inserted, stock, kept, recycled, is_bulk):
            chosen = (*chosen, face)
    return chosen


def plan_change(amount: Yen, stock: Cash) -> Cash | None:
    """The fewest pieces worth exactly `amount`; None when they cannot be made, or are too many for a tray."""
    plan = make_change(amount, stock)
    return plan if plan is not None and sum(plan.values()) <= MAX_PIECES else None


def plan_payout(amount: Yen, stock: Cash) -> Cash:
    """The most of `amount` that can be given, in the fewest pieces; what is missing goes on a slip."""
    plan = make_most(amount, stock)
    pieces: dict[Denomination, int] = {}
    room = MAX_PIECES
    for face, count in plan.items():  # largest first: what does not fit is the small end
        pieces[face] = min(count, room)
        room -= pieces[face]
    return Cash(pieces)


def plan_return(inserted: Cash, stock: Cash) -> Cash:
    """Give held money back: the faces that came in, as far as they are there; the rest as near as it can be
    made.

    The same faces, so that a cancel neither changes small money into large nor wears one unit down. When that
    way falls short of the sum, the plain payout decides.
    """
    same = Cash({face: min(count, stock[face]) for face, count in inserted.items()})
    other = make_most(inserted.total - same.total, stock - same)
    plan = same + other
    if plan.total < inserted.total or sum(plan.values()) > MAX_PIECES:
        return plan_payout(inserted.total, stock)
    return plan


def split(plan: Cash, units: Mapping[DeviceId, Cash]) -> Split:
    """Lay a plan on units in their order. A unit is never asked for more than it holds, nor for more than one
    command can carry at once (the rest is another share)."""
    left = dict(plan)
    shares: list[Share] = []
    for unit, held in units.items():
        for face in tuple(left):
            count = min(left[face], held[face])
            shares.extend(Share(unit, face, part) for part in _parts(count))
            left[face] -= count
    return Split(tuple(shares), Cash(left).total)


def _is_safe(
    faces: Sequence[Denomination],
    inserted: Yen,
    stock: Cash,
    kept: Collection[Yen],
    recycled: Collection[Denomination],
    is_bulk: bool,
) -> bool:
    """After every burst of these faces, everything beyond what we keep can be given back."""
    for burst in _bursts(faces, is_bulk):
        total = inserted + burst.total
        stays = {face: count for face, count in burst.items() if face in recycled}
        there = stock + Cash(stays) if stays else stock
        if not all(can_give_back(total - keep, there) for keep in kept if keep <= total):
            return False
    return True


def _bursts(faces: Sequence[Denomination], is_bulk: bool) -> Iterator[Cash]:
    """Every hand of up to BURST pieces that has the last face in it: the others were looked at before. Of notes one at
    most where each waits in escrow until it is decided about."""
    for others in range(BURST):
        for hand in combinations_with_replacement(faces, others):
            if not is_bulk and faces[-1].is_note and any(each.is_note for each in hand):
                continue
            yield sum((Cash({face: 1}) for face in (*hand, faces[-1])), NO_CASH)


def _parts(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, MAX_PER_DISPENSE)
        count -= MAX_PER_DISPENSE
