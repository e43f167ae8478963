"""Making change: exact, never beyond stock, found whenever it exists, in the fewest pieces. Against brute
force."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.money import NO_CASH, Cash, Denomination, Yen, make_change, make_most

D = Denomination


def brute_force(stock: Cash) -> dict[int, int]:
    """Every amount that can be made, with its fewest pieces."""
    best: dict[int, int] = {}
    faces = list(stock.items())
    for counts in product(*(range(count + 1) for _, count in faces)):
        total = sum(face.face.value * count for (face, _), count in zip(faces, counts, strict=True))
        pieces = sum(counts)
        best[total] = min(pieces, best.get(total, pieces))
    return best


short_stocks = st.dictionaries(st.sampled_from(list(D)), st.integers(1, 3), max_size=5).map(Cash)
note_stocks = st.fixed_dictionaries(
    {
        D.NOTE10000: st.integers(0, 3),
        D.NOTE5000: st.integers(0, 4),
        D.NOTE2000: st.integers(0, 5),
        D.NOTE1000: st.integers(0, 2),
        D.COIN500: st.integers(0, 3),
    }
).map(Cash)


@given(st.one_of(short_stocks, note_stocks))
@example(Cash({D.NOTE5000: 1, D.NOTE2000: 3}))
@example(Cash({D.NOTE10000: 1, D.NOTE5000: 1, D.NOTE2000: 3}))
@example(Cash({D.NOTE5000: 1, D.NOTE2000: 3, D.COIN100: 10}))
def test_every_amount_that_can_be_made_is_made_in_the_fewest_pieces(stock: Cash) -> None:
    best = brute_force(stock)
    for amount, pieces in best.items():
        made = make_change(Yen(amount), stock)
        assert made is not None
        assert made.total == Yen(amount)
        assert stock.covers(made)
        assert sum(made.values()) == pieces


@given(st.one_of(short_stocks, note_stocks), st.integers(0, 70_000))
def test_what_cannot_be_made_is_not_made(stock: Cash, amount: int) -> None:
    possible = brute_force(stock)
    made = make_change(Yen(amount), stock)
    assert (made is not None) == (amount in possible)


@given(st.one_of(short_stocks, note_stocks), st.integers(0, 70_000))
def test_the_nearest_from_below_is_found(stock: Cash, amount: int) -> None:
    possible = brute_force(stock)
    most = make_most(Yen(amount), stock)
    assert stock.covers(most)
    assert most.total.value == max(each for each in possible if each <= amount)
    assert sum(most.values()) == possible[most.total.value]


def test_a_hopeless_search_ends_at_once() -> None:
    """The number of ways looked at is at most four, whatever the stock: 10^10 of them would never end."""
    stock = Cash({each: 200 for each in D if each is not D.COIN1})
    assert make_change(Yen(999_999_9), stock) is None
    assert make_most(Yen(9_999), stock).total == Yen(9_995)


def test_nothing_is_made_of_nothing() -> None:
    assert make_change(Yen(0), NO_CASH) == NO_CASH
    assert make_change(Yen(1), NO_CASH) is None


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        make_change(Yen(-1), NO_CASH)


@given(st.dictionaries(st.sampled_from(list(D)), st.integers(0, 300)).map(Cash))
def test_cash_adds_up(cash: Cash) -> None:
    assert cash.total == Yen.sum(face.face * count for face, count in cash.items())
    assert cash - cash == NO_CASH
    assert (cash + cash).total == cash.total * 2
    assert (cash + cash).covers(cash)
    assert hash(Cash(dict(reversed(list(cash.items()))))) == hash(cash)


@given(st.integers(), st.integers())
def test_yen_is_exact_and_knows_only_yen(one: int, other: int) -> None:
    assert Yen(one) + Yen(other) == Yen(one + other)
    assert Yen(one) - Yen(other) == -(Yen(other) - Yen(one))
    assert (Yen(one) < Yen(other)) == (one < other)
    with pytest.raises(TypeError):
        Yen(one) + other  # type: ignore[operator]  # that is the test


@pytest.mark.parametrize("value", [1.0, True, "1", None])
def test_yen_takes_whole_numbers_only(value: object) -> None:
    with pytest.raises(TypeError):
        Yen(value)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize("count", [-1, 0.5, True])
def test_cash_counts_whole_pieces_only(count: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Cash({D.COIN1: count})  # type: ignore[dict-item]  # that is the test
