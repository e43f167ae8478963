"""Paper, change, receipt: each watched until it is taken. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents
from kiosk.engine import outlets
from kiosk.engine.inner import Asked
from kiosk.engine.reading import LONGEST_S
from kiosk.engine.session import end, notify
from kiosk.engine.slips import receipt, statement
from kiosk.engine.state import Kiosk, LineStage, Phase, Turn
from kiosk.engine.till import account_of, has_open_notes, notes_in_doubt
from kiosk.ids import OpId
from kiosk.journal.records import (
    IncidentOpened,
    Rated,
    ReceiptIntended,
    ReceiptSettled,
    Record,
    TransactionClosed,
)
from kiosk.money import Yen
from kiosk.ports import Outcome, PaperTaken, SlipPrinted, StartTimer, StopTimer, TimerExpired, TrayFilled
from kiosk.services.plan import Step

CHANGE, MONEY, RECEIPT = "change", "money", "receipt"


def set_thing(turn: Turn, thing: str, state: str) -> None:
    turn.edit(things=tuple((name, state if name == thing else was) for name, was in turn.session.things))


def drop_thing(turn: Turn, thing: str) -> None:
    turn.edit(things=tuple(each for each in turn.session.things if each[0] != thing))


def change_is_out(turn: Turn) -> None:
    """The payout is over: the transaction is closed unless something is in doubt, and the person takes what is hers."""
    session = turn.session
    account = turn.state.ledger.accounts.get(session.transaction)
    if CHANGE in dict(session.things):
        given = account.change if account is not None else session.change
        turn.edit(change=given)
        if given:
            set_thing(turn, CHANGE, "waiting")
        else:
            drop_thing(turn, CHANGE)
    is_over = account is not None and account.is_open and not account.held and not account.in_doubt
    if account is not None and account.held_cashless:
        is_over = False
    if account is not None and is_over and not has_open_notes(turn):
        turn.record(TransactionClosed(account.transaction, _result(turn)))
    turn.edit(step=Step.TAKE)
    enter_take(turn)


def take_money(turn: Turn, amount: Yen) -> None:
    """Held money has come back: it is watched like everything else, and the reason is told after it is taken."""
    turn.edit(things=((MONEY, "waiting"), *turn.session.things), returned=amount)
    enter_take(turn)


def _result(turn: Turn) -> str:
    if turn.session.slip_owed:
        return "slip"
    printed = all(line.stage is LineStage.PRINTED for line in turn.session.lines)
    return "issued" if printed else "partly"


def enter_take(turn: Turn) -> None:
    turn.go(Phase.TAKING_THINGS)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.take_s))
    _finish_when_all_taken(turn)


def intend_receipt(turn: Turn) -> None:
    """Once for a transaction; the paper follows when this is durable (`print_receipt`)."""
    op = OpId(turn.token())
    turn.edit(receipt_op=op, things=(*turn.session.things, (RECEIPT, "coming")))
    turn.record(ReceiptIntended(op, turn.session.transaction, turn.state.setup.receipt_printer))


def print_receipt(turn: Turn, op: OpId) -> None:
    account = account_of(turn)
    if account is not None:
        turn.do(statement(turn, op, account) if account.charged else receipt(turn, op, account))


def slip_printed(turn: Turn, event: SlipPrinted) -> None:
    """How the receipt ended is written down. That it, or any other slip, is not proven out is an incident."""
    session = turn.state.session
    is_receipt = session is not None and event.op == session.receipt_op
    if session is not None and event.outcome is Outcome.CONFIRMED:
        turn.edit(slips=tuple(each for each in session.slips if each.op != event.op))
    records: list[Record] = []
    sent = turn.state.ledger.receipt_prints.get(event.op)
    if sent is not None:
        records.append(ReceiptSettled(event.op, sent.transaction, event.outcome.value, event.code))
    if event.outcome is not Outcome.CONFIRMED:
        transaction = session.transaction if session is not None else None
        whose = sent.transaction if sent is not None else transaction
        records.append(IncidentOpened(turn.token(), "R-504", whose, event.device))
    if records:
        turn.record(*records)
    if not is_receipt:
        return
    if event.outcome is Outcome.CONFIRMED:
        set_thing(turn, RECEIPT, "waiting")
    else:
        drop_thing(turn, RECEIPT)
        turn.edit(trouble=turn.session.trouble or "R-504")
    if turn.state.phase is Phase.TAKING_THINGS:
        _finish_when_all_taken(turn)


def sensor_of(thing: str) -> str:
    """Money that is given back lies where change does."""
    return CHANGE if thing == MONEY else thing


def is_watched(state: Kiosk, thing: str) -> bool:
    """Its sensor says when it is taken. One that nobody answers for, or that was waited for too long, is not asked."""
    has_sensor = sensor_of(thing) in state.setup.exit_sensors
    answers = not state.setup.panel or state.setup.panel in state.up
    return has_sensor and answers and not state.is_staff_called


def may_tell(state: Kiosk) -> bool:
    """Something waits that only a touch can say."""
    things = state.session.things if state.session is not None else ()
    return any(now == "waiting" and not is_watched(state, thing) for thing, now in things)


def taken(turn: Turn, event: Asked) -> None:
    """By a touch, only where no sensor says it."""
    if isinstance(event.intent, intents.Taken) and not is_watched(turn.state, event.intent.thing):
        _note_taken(turn, event.intent.thing)


def tray_filled(turn: Turn, event: TrayFilled) -> None:
    outlets.note_filled(turn, event)
    turn.set(trays=turn.state.trays | {event.thing})
    if turn.state.session is not None:
        turn.edit(filled=turn.session.filled | {event.thing})


def tray_emptied(turn: Turn, event: PaperTaken) -> None:
    turn.set(trays=turn.state.trays - {event.thing})


def taken_by_sensor(turn: Turn, event: PaperTaken) -> None:
    tray_emptied(turn, event)
    for thing, _ in turn.session.things:
        if sensor_of(thing) == event.thing:
            _note_taken(turn, thing)


def take_what_is_gone(turn: Turn) -> None:
    """After every event: who took her paper while another was still coming has taken it."""
    state = turn.state
    if state.phase is not Phase.TAKING_THINGS:
        return
    for thing, now in turn.session.things:
        sensor = sensor_of(thing)
        is_gone = sensor in turn.session.filled and sensor not in state.trays
        if now == "waiting" and is_gone and is_watched(state, thing) and turn.state.phase is state.phase:
            _note_taken(turn, thing)


def _note_taken(turn: Turn, thing: str) -> None:
    if dict(turn.session.things).get(thing) == "waiting":
        set_thing(turn, thing, "taken")
        turn.do(
            StartTimer("stage", LONGEST_S if turn.session.is_reading else turn.state.setup.timeouts.take_s)
        )
        _finish_when_all_taken(turn)


def things_left(turn: Turn, _: TimerExpired) -> None:
    """Nobody says that it was taken: call staff once, then end; a person finds what is left."""
    if not turn.state.is_staff_called:
        turn.set(is_staff_called=True)
        turn.do(StartTimer("stage", turn.state.setup.timeouts.take_s))
        return
    left = tuple((name, "left") for name, state in turn.session.things if state != "taken")
    turn.record(IncidentOpened(turn.token(), "M-406", turn.session.transaction, facts=left))
    finish(turn, None)


def _finish_when_all_taken(turn: Turn) -> None:
    if all(state == "taken" for _, state in turn.session.things):
        finish(turn, None)


def finish(turn: Turn, _: object) -> None:
    """What is open is said last; else thanks, and next time also at a convenience store."""
    session = turn.session
    turn.do(StopTimer("stage"))
    in_doubt = any(line.stage is LineStage.IN_DOUBT for line in session.lines)
    if session.slip_owed or in_doubt or session.is_uncounted or notes_in_doubt(turn):
        turn.edit(trouble=session.trouble or "M-403")
        turn.set(is_staff_called=True)
        turn.go(Phase.IN_TROUBLE)
        turn.do(StartTimer("stage", turn.state.setup.timeouts.notice_s))
    elif session.trouble:
        notify(turn, session.trouble)
    elif session.is_cancelled:
        end(turn)
    else:
        turn.go(Phase.FINISHED)
        turn.do(StartTimer("stage", LONGEST_S if session.is_reading else turn.state.setup.timeouts.done_s))


def print_again(turn: Turn) -> None:
    """The receipt printer is back: what the person was promised on paper, as new operations."""
    session = turn.state.session
    if session is None or not session.slips:
        return
    again = tuple(replace(each, op=OpId(turn.token())) for each in session.slips)
    turn.edit(slips=again)
    turn.do(*again)


OPINIONS = {"ease": ("good", "fair", "poor"), "alone": ("yes", "no")}
"""The two questions of the last screen, in order, and their answers."""


def rate(turn: Turn, event: Asked) -> None:
    """A count without a person. Each touch gives the next question its time; the last one is thanked for."""
    wish = event.intent
    if not isinstance(wish, intents.Rate) or wish.question != turn.session.opinion:
        return
    if wish.answer not in OPINIONS.get(wish.question, ()):
        return
    turn.note(Rated(wish.question, wish.answer))
    turn.edit(opinion="alone" if wish.question == "ease" else "")
    turn.do(StartTimer("stage", turn.state.setup.timeouts.done_s))


def done(turn: Turn, _: object) -> None:
    end(turn)
