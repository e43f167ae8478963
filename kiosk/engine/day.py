"""Closing the day: by the journal's sequence, between people, then sealed. Pure."""

from __future__ import annotations

from kiosk.engine.service import RESTING
from kiosk.engine.state import CloseDayAsked, Seal, Turn
from kiosk.journal.records import Checkpoint, DayClosed
from kiosk.ports import ReportHead


def close_day(turn: Turn, event: CloseDayAsked) -> None:
    """Only while nobody is served. Asked in the middle of a session it is done when the session is over."""
    if turn.state.phase not in RESTING or not turn.state.recovered or turn.state.journal_is_dead:
        turn.set(day_close_waits=event.operator)
        return
    turn.set(day_close_waits="")
    day = turn.state.ledger.day
    turn.record(DayClosed(day.number + 1 if day is not None else 1, event.operator))


def close_day_when_free(turn: Turn) -> None:
    """After every event: the close that had to wait."""
    if turn.state.day_close_waits and turn.state.phase in RESTING:
        close_day(turn, CloseDayAsked(turn.state.day_close_waits))


def day_closed(turn: Turn, _: DayClosed) -> None:
    turn.do(Seal())


def sealed(turn: Turn, record: Checkpoint) -> None:
    """The head leaves the machine: a journal that is cut short later is found out."""
    turn.do(ReportHead(record.upto, record.head, record.signature))
