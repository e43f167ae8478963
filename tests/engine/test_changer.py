"""What may be put in is decided by what can be given back: the promise, at every point of every payment."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from kiosk.changer import (
    MAX_PER_DISPENSE,
    MAX_PIECES,
    accept_mask,
    can_give_back,
    plan_change,
    plan_payout,
    plan_return,
    split,
)
from kiosk.ids import DeviceId
from kiosk.money import NO_CASH, Cash, Denomination, Yen

D = Denomination
COINS = (D.COIN10, D.COIN50, D.COIN100, D.COIN500)
RECYCLED = COINS

stocks = st.dictionaries(st.sampled_from(list(D)), st.integers(0, 8)).map(Cash)
dues = st.integers(1, 200).map(lambda tens: Yen(tens * 10))


@given(st.data(), dues, stocks, st.sets(st.sampled_from(COINS)))
def test_whatever_was_accepted_can_be_given_back_in_full_at_every_point(
    data: st.DataObject, due: Yen, stock: Cash, hoppers: set[Denomination]
) -> None:
    """Pieces fall, also one after the mask has changed; a sorter sends them to hoppers it has, else to the
    box."""
    inserted = Yen(0)
    mask = accept_mask(due, inserted, stock, recycled=hoppers)
    for _ in range(30):
        if not mask:
            break
        on_its_heels = data.draw(st.booleans())
        first, *more = data.draw(
            st.lists(st.sampled_from(mask), min_size=1, max_size=2 if on_its_heels else 1)
        )
        # A note falls on nobody's heels: it waits in escrow until it is decided on by itself.
        for piece in (first, *(each for each in more if not first.is_note and not each.is_note)):
            inserted += piece.face
            if piece in hoppers:
                stock += Cash({piece: 1})
            assert can_give_back(inserted, stock), "cancel"
            if inserted > due:
                assert can_give_back(inserted - due, stock), "change"
        mask = accept_mask(due, inserted, stock, recycled=hoppers)
    assert not mask or inserted < due


@given(st.data(), dues, stocks, st.integers(0, 8).map(lambda n: Yen(50 * n)))
def test_a_line_that_fails_can_be_given_back_alone(
    data: st.DataObject, due: Yen, stock: Cash, fee: Yen
) -> None:
    assume(fee <= due)
    inserted = Yen(0)
    while mask := accept_mask(due, inserted, stock, keeps=(fee,)):
        inserted += data.draw(st.sampled_from(mask)).face
        if inserted >= fee:
            assert can_give_back(inserted - fee, stock)


@given(dues, stocks, st.integers(0, 2000))
def test_nothing_is_accepted_when_nothing_is_due(due: Yen, stock: Cash, more: int) -> None:
    assert accept_mask(due, due + Yen(more), stock) == ()


@given(dues, st.sets(st.sampled_from(COINS)))
def test_an_empty_machine_without_hoppers_accepts_nothing(due: Yen, faces: set[Denomination]) -> None:
    """Not even the exact sum: a cancel could not be honoured."""
    assert accept_mask(due, Yen(0), NO_CASH, faces) == ()


def test_an_empty_machine_with_hoppers_takes_what_can_only_be_exact() -> None:
    """What comes in goes out again by the hoppers: exact payment needs no stock, change does."""
    assert accept_mask(Yen(300), Yen(0), NO_CASH, COINS, recycled=RECYCLED) == (D.COIN10, D.COIN50, D.COIN100)
    assert accept_mask(Yen(500), Yen(0), NO_CASH, (D.COIN500,), recycled=RECYCLED) == (D.COIN500,)
    assert D.COIN500 not in accept_mask(Yen(450), Yen(0), NO_CASH, COINS, recycled=RECYCLED)


def test_with_a_float_everything_is_taken() -> None:
    full = Cash(dict.fromkeys(COINS, 50))
    assert accept_mask(Yen(300), Yen(0), full, COINS) == COINS
    assert accept_mask(Yen(300), Yen(290), full, COINS) == COINS


def test_a_note_is_refused_before_it_is_taken_when_its_change_is_short() -> None:
    few = Cash({D.COIN100: 8, D.COIN10: 20})
    assert D.NOTE1000 not in accept_mask(Yen(300), Yen(0), few)
    assert D.COIN100 in accept_mask(Yen(300), Yen(0), few)


def test_only_the_machine_s_own_faces_are_offered() -> None:
    assert accept_mask(Yen(300), Yen(0), Cash(dict.fromkeys(D, 50)), (D.COIN100,)) == (D.COIN100,)


@given(st.integers(0, 20_000).map(Yen), stocks)
def test_plans_never_exceed_stock_nor_the_sum(amount: Yen, stock: Cash) -> None:
    exact, most = plan_change(amount, stock), plan_payout(amount, stock)
    assert stock.covers(most)
    assert most.total <= amount
    assert exact is None or exact == most


def test_a_mountain_of_coins_is_not_given() -> None:
    assert plan_change(Yen(10 * (MAX_PIECES + 1)), Cash({D.COIN10: 999})) is None
    assert sum(plan_payout(Yen(99_990), Cash({D.COIN10: 9999})).values()) == MAX_PIECES


@given(stocks, stocks)
def test_held_money_goes_back_whenever_it_can(inserted: Cash, stock: Cash) -> None:
    plan = plan_return(inserted, stock)
    assert stock.covers(plan)
    assert plan.total <= inserted.total
    if can_give_back(inserted.total, stock):
        assert plan.total == inserted.total


@given(stocks, stocks)
def test_the_same_faces_go_back_when_they_are_there(inserted: Cash, more: Cash) -> None:
    assert plan_return(inserted, inserted + more) == inserted


@given(
    st.dictionaries(st.sampled_from(COINS), st.integers(0, 600)).map(Cash),
    st.lists(st.dictionaries(st.sampled_from(COINS), st.integers(0, 400)).map(Cash), max_size=5),
)
def test_a_split_gives_the_plan_or_says_what_is_missing(plan: Cash, holdings: list[Cash]) -> None:
    units = {DeviceId(f"unit{at}"): held for at, held in enumerate(holdings)}
    laid = split(plan, units)
    given_out = sum((Cash({each.denomination: each.count}) for each in laid.shares), NO_CASH)
    assert given_out.total + laid.remainder == plan.total
    assert plan.covers(given_out)
    for unit, held in units.items():
        asked = sum(
            (Cash({each.denomination: each.count}) for each in laid.shares if each.unit == unit), NO_CASH
        )
        assert held.covers(asked)
    assert all(0 < each.count <= MAX_PER_DISPENSE for each in laid.shares)
    if sum(holdings, NO_CASH).covers(plan):
        assert not laid.remainder
