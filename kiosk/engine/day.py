"""Closing the day: by the journal's sequence, between people, then sealed. Pure."""

from __future__ import annotations

from kiosk import ports
from kiosk.engine.inner import CloseDayAsked, Seal
from kiosk.engine.service import AT_REST
from kiosk.engine.state import Turn
from kiosk.ids import OpId
from kiosk.journal.records import (
    Checkpoint,
    DayClosed,
    ReconciliationEnded,
    ReconciliationIntended,
    TerminalTotal,
)
from kiosk.ports import SERVICE_ID_MAX, Reconcile, ReportHead
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
    """Sealed at once; then each terminal that answers ends its own day, and says what it counted."""
    turn.do(Seal())
    state = turn.state
    devices = {brand.device for brand in state.setup.brands}
    asked = [
        ReconciliationIntended(OpId(turn.token()[:SERVICE_ID_MAX]), each.device, each.poi)
        for each in state.terminals
        if each.device in devices and each.is_ready
    ]
    if asked:
        turn.record(*asked)


def reconcile(turn: Turn, record: ReconciliationIntended) -> None:
    turn.do(Reconcile(record.op, record.device, record.poi))


def reconciled(turn: Turn, event: ports.ReconciliationEnded) -> None:
    """The terminal's word, for the papers: what differs from the journal stands on 四者照合表."""
    totals = tuple(
        TerminalTotal(each.brand, each.payments, each.paid, each.reversals, each.reversed)
        for each in event.totals
    )
    turn.record(ReconciliationEnded(event.op, event.device, event.outcome.value, totals, event.code))


def sealed(turn: Turn, record: Checkpoint) -> None:
    """The head leaves the machine: a journal that is cut short later is found out."""
    turn.do(ReportHead(record.upto, record.head, record.signature))
