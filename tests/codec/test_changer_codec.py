"""The example change machine's lines: any cut, any corruption; and whatever it answers, its driver's machine lives."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from drivers.changer.codec import LINE_MAX, LineReader, Message, encode
from drivers.changer.device import Changer
from drivers.changer.settings import Settings
from kiosk.errors import PeerProtocolError
from kiosk.ids import DeviceId, OpId
from kiosk.money import Cash, Denomination
from kiosk.ports import (
    BeginDeposit,
    CashDispensed,
    DispenseCash,
    EndAction,
    EndDeposit,
    Event,
    FixDeposit,
    Outcome,
    ReadCashCounts,
    ReadDeposit,
    ResolveCash,
)

CHANGER = DeviceId("changer1")
COINS = Cash({Denomination.COIN100: 2})
WORDS = st.sampled_from(
    [
        "",
        "d1",
        "p1",
        "count",
        "paused",
        "fixed",
        "ended",
        "done",
        "busy",
        "repay",
        "ok",
        "jam",
        "success",
        "illegal",
    ]
)
NUMBERS = st.integers(0, 5) | st.integers(-3, 10**30)
COUNTS = st.dictionaries(
    st.sampled_from(["coin100", "note1000"]), st.integers(0, 5), max_size=2
) | st.dictionaries(st.sampled_from(["coin100", "note1000", "coin3", ""]), NUMBERS, max_size=3)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | COUNTS,
    lambda inner: st.dictionaries(
        st.sampled_from(["op", "state", "counts", "repaid", "paid", "action", "code"]), inner, max_size=5
    ),
    max_leaves=4,
)
DEPOSITS = st.fixed_dictionaries(
    {"op": st.just("d1"), "state": WORDS, "counts": COUNTS, "repaid": COUNTS, "action": WORDS}
)
PAYOUTS = st.fixed_dictionaries({"op": st.sampled_from(["p1", "p2"]), "state": WORDS, "paid": COUNTS})
NEARLY_RIGHT = st.fixed_dictionaries(
    {"result": st.just("success"), "status": WORDS, "deposit": DEPOSITS, "payout": PAYOUTS, "counts": COUNTS}
)
ANSWERS = NEARLY_RIGHT | st.dictionaries(
    st.sampled_from(
        ["result", "boot", "maker", "serial", "deposit", "payout", "counts", "discrepancy", "status", "full"]
    ),
    VALUES,
    max_size=6,
)
COMMANDS = (
    BeginDeposit(OpId("d1"), CHANGER, (Denomination.COIN100,)),
    FixDeposit(OpId("d1"), CHANGER),
    EndDeposit(OpId("d1"), CHANGER, EndAction.NOCHANGE),
    DispenseCash(OpId("p1"), CHANGER, COINS),
    ResolveCash(OpId("p2"), CHANGER, COINS, COINS),
    ReadCashCounts(CHANGER),
    ReadDeposit(CHANGER),
)


@given(st.lists(st.dictionaries(st.text(max_size=6), NUMBERS | WORDS, max_size=4), max_size=4), st.data())
def test_messages_come_whole_however_they_are_cut(sent: list[Message], data: st.DataObject) -> None:
    raw, reader, got = b"".join(encode(each) for each in sent), LineReader(), list[Message]()
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        reader.feed(raw[:size])
        raw = raw[size:]
        while (message := reader.next_message()) is not None:
            got.append(message)
    assert got == sent


@given(st.binary(max_size=200) | st.binary(min_size=LINE_MAX, max_size=LINE_MAX + 50))
def test_any_bytes_are_refused_or_waited_with(data: bytes) -> None:
    reader = LineReader()
    reader.feed(data)
    for _ in range(len(data) + 1):
        try:
            if reader.next_message() is None:
                break
        except PeerProtocolError:
            continue
    assert len(reader._buffer) <= LINE_MAX


@example([{"deposit": {"op": "d1", "state": "ended", "counts": {}, "repaid": {}, "action": "ok"}}])
@example([{"deposit": {"op": "d1", "state": "count", "counts": {"coin100": 10**30}}, "status": "ok"}])
@given(st.lists(st.sampled_from(COMMANDS) | ANSWERS | st.none(), max_size=8))
def test_whatever_it_answers_nothing_is_raised_and_no_more_is_paid_than_was_asked(steps: list[Any]) -> None:
    """A machine that talks nonsense, or lies: an answer, a silence (None) or a command at a time."""
    machine, now, told = Changer(CHANGER, Settings(port="m")), 0.0, list[Event]()
    machine.request(now)
    told += machine.replied({"serial": "C1", "boot": "b", "maker": "SIM"}, now)
    told += machine.perform(COMMANDS[0], now)
    machine.request(now)
    told += machine.replied({"boot": "b", "result": "success"}, now)
    for step in steps:
        now += 0.5
        told += machine.tick(now)
        if step is None or isinstance(step, dict):
            machine.request(now)
            told += machine.unanswered(now) if step is None else machine.replied({"boot": "b", **step}, now)
        else:
            told += machine.perform(step, now)
    for event in told:
        if isinstance(event, CashDispensed) and event.outcome is not Outcome.UNKNOWN:
            assert event.paid.total.value <= event.asked.value
