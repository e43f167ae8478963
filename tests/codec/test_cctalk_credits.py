"""Every credit is told once: under lost answers, wrap, reset, restart and another device in the same
place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cctalk.credits import Fresh, advance, begin
from drivers.cctalk.messages import BUFFERED, CreditBuffer, CreditEvent, next_counter
from kiosk.ids import DeviceId
from kiosk.ports import CreditMark

COIN1 = DeviceId("coin1")


class Ring:
    """The buffer of SR5 p.5, written from the manual."""

    def __init__(self, counter: int = 0) -> None:
        self.counter = counter
        self.pairs = [(0, 0)] * 5
        if counter:
            self.pairs = [(15, 15)] * 5

    def event(self, position: int, detail: int) -> None:
        self.counter = 1 if self.counter == 255 else self.counter + 1
        self.pairs = [(position, detail), *self.pairs[:4]]

    def reset(self) -> None:
        self.counter = 0
        self.pairs = [(0, 0)] * 5

    def read(self) -> CreditBuffer:
        return CreditBuffer(self.counter, tuple(CreditEvent(*pair) for pair in self.pairs))


def mark(raw: int, *, epoch: int = 7, seq: int = 4310, serial: str = "1") -> CreditMark:
    return CreditMark(COIN1, epoch, seq, raw, serial)


@given(st.integers(0, 255), st.lists(st.lists(st.integers(1, 16), max_size=BUFFERED), max_size=120))
def test_each_event_is_told_once_in_order_with_a_key_of_its_own(
    start: int, between_readings: list[list[int]]
) -> None:
    ring = Ring(start)
    at = mark(start)
    told: list[Fresh] = []
    for positions in between_readings:
        for position in positions:
            ring.event(position, 1)
        moved = advance(at, "1", ring.read())
        assert (moved.lost, moved.is_new_epoch) == (0, False)
        told += moved.fresh
        at = moved.mark
        assert advance(at, "1", ring.read()).fresh == (), "the same answer again is nothing new"
    inserted = [position for positions in between_readings for position in positions]
    assert [fresh.event.position for fresh in told] == inserted
    assert [fresh.seq for fresh in told] == list(range(4311, 4311 + len(inserted)))
    raw = start
    for fresh in told:
        raw = next_counter(raw)
        assert fresh.raw == raw
    assert (at.seq, at.raw) == (4310 + len(inserted), ring.counter)


@given(st.integers(1, 255), st.integers(6, 254))
def test_more_than_the_buffer_holds_is_lost_and_said(start: int, count: int) -> None:
    ring = Ring(start)
    for _ in range(count):
        ring.event(3, 1)
    moved = advance(mark(start), "1", ring.read())
    assert moved.lost + len(moved.fresh) == count
    assert len(moved.fresh) == BUFFERED
    assert moved.mark.seq == 4310 + count
    assert moved.fresh[-1].seq == moved.mark.seq


def test_the_walk_of_the_house() -> None:
    """Counter 1 after 255: one new pair, position 4 (docs: walk of a coin)."""
    ring = Ring(255)
    ring.event(4, 1)
    moved = advance(mark(255), "1", ring.read())
    assert [(each.seq, each.raw, each.event) for each in moved.fresh] == [(4311, 1, CreditEvent(4, 1))]


def test_zero_after_something_is_a_reset() -> None:
    moved = advance(mark(9), "1", Ring().read())
    assert moved.is_new_epoch
    assert moved.fresh == ()
    assert moved.mark == mark(0, epoch=8, seq=0)


@given(st.integers(1, 255), st.integers(1, 4))
def test_a_reset_that_has_counted_on_is_seen_by_its_empty_buffer(raw: int, since: int) -> None:
    ring = Ring()
    for _ in range(since):
        ring.event(5, 1)
    moved = advance(mark(raw), "1", ring.read())
    if (since - raw) % 255 <= BUFFERED:
        return  # looks like a few events more: nothing in the protocol tells the two apart
    assert moved.is_new_epoch
    assert [each.seq for each in moved.fresh] == list(range(1, since + 1))
    assert moved.mark == mark(since, epoch=8, seq=since)


def test_zero_after_zero_is_nothing() -> None:
    moved = advance(mark(0, seq=0), "1", Ring().read())
    assert not moved.is_new_epoch
    assert moved.fresh == ()


def test_another_device_begins_anew_and_its_past_is_not_ours() -> None:
    ring = Ring(40)
    moved = advance(mark(38), "2", ring.read())
    assert moved.is_new_epoch
    assert moved.fresh == ()
    assert moved.mark == CreditMark(COIN1, 8, 0, 40, "2")


def test_the_first_sight_of_a_device_credits_nothing() -> None:
    ring = Ring(200)
    first = begin(COIN1, "1", ring.read())
    assert first == CreditMark(COIN1, 1, 0, 200, "1")
    assert advance(first, "1", ring.read()).fresh == ()


@pytest.mark.parametrize("raw", [1, 128, 255])
def test_a_full_turn_of_the_counter_cannot_be_seen(raw: int) -> None:
    """255 events between two readings look like none. The dead man's switch (1 s) makes that impossible in
    life."""
    ring = Ring(raw)
    for _ in range(255):
        ring.event(1, 1)
    assert advance(mark(raw), "1", ring.read()).fresh == ()
