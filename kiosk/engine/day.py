"""Closing the day: by the journal's sequence, between people, then sealed. Pure."""

from __future__ import annotations

from kiosk.engine.service import AT_REST
from kiosk.engine.state import CloseDayAsked, Seal, Turn
from kiosk.journal.records import Checkpoint, DayClosed
from kiosk.ports import ReportHead
from kiosk.slips import JST


def close_day(turn: Turn, event: CloseDayAsked) -> None:
    """Only while nobody is served and no box is open. Asked in the middle of a session it is done when that is over."""
    if not _may_close(turn):
        turn.set(day_close_waits=event.operator)
        return
    turn.set(day_close_waits="")
    day = turn.state.ledger.day
    date = turn.state.wall.astimezone(JST).date().isoformat()
    turn.record(DayClosed(day.number + 1 if day is not None else 1, event.operator, date))


def _may_close(turn: Turn) -> bool:
    state = turn.state
    is_free = state.phase in AT_REST and state.recovered and state.ledger.exchange is None
    return is_free and not state.journal_is_dead


def close_day_when_free(turn: Turn) -> None:
    """After every event: the close that had to wait."""
    if turn.state.day_close_waits and _may_close(turn):
        close_day(turn, CloseDayAsked(turn.state.day_close_waits))


def day_closed(turn: Turn, _: DayClosed) -> None:
    turn.do(Seal())


def sealed(turn: Turn, record: Checkpoint) -> None:
    """The head leaves the machine: a journal that is cut short later is found out."""
    turn.do(ReportHead(record.upto, record.head, record.signature))
