"""Money: whole yen, pieces of cash, and whether change can be made of them. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from functools import total_ordering


@total_ordering
class Yen:
    """An amount in yen. Whole numbers only; may be negative (a correction). `Yen(1) + 1` is an error on
    purpose."""

    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        if type(value) is not int:
            raise TypeError("Yen takes an int")
        self._value = value

    @property
    def value(self) -> int:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Yen) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Yen, self._value))

    def __add__(self, other: Yen) -> Yen:
        return Yen(self.value + other.value) if isinstance(other, Yen) else NotImplemented

    def __sub__(self, other: Yen) -> Yen:
        return Yen(self.value - other.value) if isinstance(other, Yen) else NotImplemented

    def __neg__(self) -> Yen:
        return Yen(-self.value)

    def __mul__(self, count: int) -> Yen:
        return Yen(self.value * count) if type(count) is int else NotImplemented

    __rmul__ = __mul__

    def __lt__(self, other: Yen) -> bool:
        return self.value < other.value if isinstance(other, Yen) else NotImplemented

    def __bool__(self) -> bool:
        return self.value != 0

    def __repr__(self) -> str:
        return f"Yen({self.value})"

    @staticmethod
    def sum(amounts: Iterable[Yen]) -> Yen:
        """The sum; Yen(0) of nothing."""
        return Yen(sum(amount.value for amount in amounts))


class Denomination(enum.Enum):
    """A face of Japanese money. Old and new issues share one face; a device's table tells them apart."""

    COIN1 = "coin1"
    COIN5 = "coin5"
    COIN10 = "coin10"
    COIN50 = "coin50"
    COIN100 = "coin100"
    COIN500 = "coin500"
    NOTE1000 = "note1000"
    NOTE2000 = "note2000"
    NOTE5000 = "note5000"
    NOTE10000 = "note10000"

    face: Yen
    """What one piece is worth."""
    is_note: bool

    def __init__(self, word: str) -> None:
        self.face = Yen(int(word.removeprefix("coin").removeprefix("note")))
        self.is_note = word.startswith("note")

    __hash__ = object.__hash__
    """There is one object of each: faster than a name's hash, and the payment screen waits for these sums."""


_ORDER = sorted(Denomination, key=lambda each: -each.face.value)


class Cash(Mapping[Denomination, int]):
    """Counted pieces. Immutable; counts are never negative; a denomination with zero pieces is not held."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[Denomination, int] | None = None) -> None:
        if isinstance(counts, Cash):
            self._counts: dict[Denomination, int] = counts._counts
            return
        clean: dict[Denomination, int] = {}
        if counts:
            for denomination in _ORDER:
                count = counts.get(denomination, 0)
                if type(count) is not int or count < 0:
                    raise ValueError("a count of pieces is a whole number, zero or more")
                if count:
                    clean[denomination] = count
        self._counts = clean

    def __getitem__(self, denomination: Denomination) -> int:
        return self._counts.get(denomination, 0)

    def __iter__(self) -> Iterator[Denomination]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, denomination: object) -> bool:
        return denomination in self._counts

    def __hash__(self) -> int:
        return hash(tuple(self._counts.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cash) and self._counts == other._counts

    def __repr__(self) -> str:
        return f"Cash({{{', '.join(f'{d.value}: {n}' for d, n in self._counts.items())}}})"

    def __add__(self, other: Cash) -> Cash:
        if not other._counts:
            return self
        if self._counts.keys() >= other._counts.keys():  # the usual case: the order is there already
            more = other._counts.get
            return _counted({each: count + more(each, 0) for each, count in self._counts.items()})
        return Cash({each: self[each] + other[each] for each in (*self, *other)})

    def __sub__(self, other: Cash) -> Cash:
        """Take pieces away; ValueError when there are not enough of one."""
        return Cash({each: self[each] - other[each] for each in (*self, *other)})

    def covers(self, other: Cash) -> bool:
        """True when every piece of `other` is here."""
        return all(self[each] >= count for each, count in other.items())

    @property
    def total(self) -> Yen:
        return Yen(sum(each.face.value * count for each, count in self._counts.items()))

    @property
    def pieces(self) -> int:
        """How many, of whatever face."""
        return sum(self._counts.values())


def _counted(clean: dict[Denomination, int]) -> Cash:
    """Of counts that are sound and in order."""
    cash = Cash()
    cash._counts = clean
    return cash


NO_CASH = Cash()


def make_change(amount: Yen, stock: Cash) -> Cash | None:
    """The fewest pieces of `stock` worth exactly `amount`; None when it cannot be made."""
    picked = make_most(amount, stock)
    return picked if picked.total == amount else None


def make_most(amount: Yen, stock: Cash) -> Cash:
    """The pieces of `stock` that come nearest to `amount` from below, and of those the fewest.

    Greedy, with one decision more for 10000 and 5000. Why that is enough: let a face F be used once less than
    it could be. If the smaller pieces of the solution are worth less than F, one F instead of them comes
    nearer; if they are worth F or more and each face below divides the next, laying them down from the
    largest meets F exactly, and one F instead of those is fewer pieces. 2000 does not divide 5000, so for
    5000 the argument holds with two of them (10000), and for 10000 with two of them (20000: two 5000, or
    15000 and more without 5000). Hence only the greedy count and one less need be looked at there: at most
    four ways in all.
    """
    if amount.value < 0:
        raise ValueError("an amount to give back is zero or more")
    held = tuple((face, face.face.value, count) for face, count in stock.items())
    _, _, picked = min(_ways(amount.value, held), key=lambda way: way[:2])
    return Cash(picked)


_UNEVEN = (Denomination.NOTE10000, Denomination.NOTE5000)
"""Faces that a smaller face does not divide evenly into."""

_Held = tuple[tuple[Denomination, int, int], ...]
"""Face, its worth, how many are there; largest first."""


def _ways(rest: int, held: _Held) -> Iterator[tuple[int, int, dict[Denomination, int]]]:
    """What is left over, how many pieces, and which."""
    picked: dict[Denomination, int] = {}
    pieces = 0
    for at, (face, worth, count) in enumerate(held):
        most = min(count, rest // worth)
        if not most:
            continue
        if face in _UNEVEN:
            for left, more, way in _ways(rest - (most - 1) * worth, held[at + 1 :]):
                yield left, pieces + most - 1 + more, {**picked, face: most - 1, **way}
        picked[face] = most
        pieces += most
        rest -= most * worth
    yield rest, pieces, picked
