"""Which means of payment are open, the choice of one, and what is proven before money is taken that cannot come back.

One means per payment. What cannot be voided is taken last: when the printer answers that it is ready, and the server
has made the documents valid. Pure.
"""

from __future__ import annotations

from kiosk import intents
from kiosk.engine import issuance, payment, printers
from kiosk.engine.inner import Asked
from kiosk.engine.payout import close_unissued
from kiosk.engine.service import brand_is_open, cash_code, device_lost
from kiosk.engine.session import advance, close_camera
from kiosk.engine.state import LineStage, Phase, Turn
from kiosk.engine.till import account_of
from kiosk.engine.voiding import brand_of, terminal_of
from kiosk.ids import OpId
from kiosk.journal.accounts import CASH
from kiosk.journal.records import CommitIntended, LineCommitted, PaymentIntended
from kiosk.money import Yen
from kiosk.ports import (
    SERVICE_ID_MAX,
    AllowCamera,
    CommitRefused,
    Committed,
    DeviceLost,
    IssuanceFailed,
    PaymentCodeRead,
    PrinterRead,
    StartReadingCode,
    StartTimer,
    StopReadingCode,
    StopTimer,
    TimerExpired,
)


def cash_is_open(turn: Turn) -> bool:
    """A coin or note could be put in now and given back whole."""
    return not cash_code(turn.state) and bool(payment.accepted_now(turn, Yen(0)))


def enter_pay(turn: Turn) -> None:
    """The choice is asked only where there is one."""
    if not turn.session.total:
        advance(turn)
    elif any(brand_is_open(turn.state, each) for each in turn.state.setup.brands):
        turn.go(Phase.CHOOSING_MEANS)
    else:
        pay_cash(turn)


def pay_cash(turn: Turn) -> None:
    turn.edit(means=CASH, said="")
    payment.enter_pay(turn)


def choose(turn: Turn, event: Asked) -> None:
    intent = event.intent
    if not isinstance(intent, intents.ChooseMeans):
        return
    brand = brand_of(turn.state, intent.means)
    if intent.means == CASH and cash_is_open(turn):
        pay_cash(turn)
    elif brand is not None and brand_is_open(turn.state, brand):
        turn.edit(means=brand.key, said="", code="", payload="", balance=None, wants_other=False)
        if brand.kind == "scan":
            turn.go(Phase.AWAITING_CODE)
            camera = turn.state.setup.camera
            turn.set(camera_is_allowed=True)
            turn.do(AllowCamera(camera), StartReadingCode(camera))
        else:
            prove(turn)


def choose_again(turn: Turn, said: str) -> None:
    """Nothing was taken: another means, or the same once more. Where none is left, it ends here."""
    turn.edit(said=said, charge=None, stage="", code="", payload="", wants_other=False)
    if cash_is_open(turn) or any(brand_is_open(turn.state, each) for each in turn.state.setup.brands):
        turn.go(Phase.CHOOSING_MEANS)
    else:
        turn.edit(trouble="M-402")
        close_unissued(turn)


def leave(turn: Turn, _: object) -> None:
    """No money is inside: the lines are void, the transaction ends."""
    stop_reading(turn)
    turn.set(still_there_s=None)
    turn.edit(is_cancelled=True)
    close_unissued(turn)


# --- the phone's code -------------------------------------------------------------------------------------------------


def stop_reading(turn: Turn) -> None:
    if turn.state.phase is Phase.AWAITING_CODE:
        turn.do(StopReadingCode(turn.state.setup.camera))
        close_camera(turn)


def code_read(turn: Turn, event: PaymentCodeRead) -> None:
    """It is kept until the request is out, and nowhere else."""
    stop_reading(turn)
    turn.edit(code=event.text)
    prove(turn)


def code_back(turn: Turn, _: object) -> None:
    stop_reading(turn)
    choose_again(turn, "")


def camera_lost(turn: Turn, event: DeviceLost) -> None:
    device_lost(turn, event)
    if event.device == turn.state.setup.camera:
        choose_again(turn, "trouble")


# --- proven before it is taken ----------------------------------------------------------------------------------------


def prove(turn: Turn) -> None:
    """Ask the printers now: what they said minutes ago is no proof."""
    turn.go(Phase.PROVING)
    turn.edit(retries=0, is_proven=False)
    turn.set(printers=())
    questions = printers.questions(turn.state.setup)
    turn.do(*questions, StartTimer("stage", turn.state.setup.timeouts.status_s))


def printer_read(turn: Turn, event: PrinterRead) -> None:
    """On as soon as all papers have a place; not before every printer that is there has answered is it said that they
    have none."""
    turn.state = printers.with_reading(turn.state, event)
    code = printers.obstacle(turn.state, payment.papers(turn))
    if not code and not turn.session.is_proven:
        turn.edit(is_proven=True)
        turn.do(StopTimer("stage"))
        prove_next(turn)
    elif code and all(printers.reading_of(turn.state, each) for each in printers.printers(turn.state.setup)):
        _not_provable(turn, code)


def printer_silent(turn: Turn, _: TimerExpired) -> None:
    _not_provable(turn, printers.waiting_code(turn.state))


def _not_provable(turn: Turn, code: str) -> None:
    """Before anything was taken: void, and why."""
    turn.do(StopTimer("stage"), StopTimer("retry"))
    turn.edit(trouble=code)
    close_unissued(turn)


def prove_next(turn: Turn) -> None:
    """The next document that is not valid yet, where the money could not come back; then the payment."""
    session = turn.session
    brand = brand_of(turn.state, session.means)
    waiting = next((each for each in session.lines if each.stage is LineStage.PREPARED), None)
    if brand is not None and brand.is_final and waiting is not None:
        turn.edit(retries=0)
        turn.record(CommitIntended(session.transaction, waiting.line))
    else:
        begin_payment(turn)


def committed(turn: Turn, event: Committed) -> None:
    session = turn.session
    line = next((each for each in session.lines if each.line == event.line), None)
    if event.transaction != session.transaction or line is None or line.stage is not LineStage.PREPARED:
        return
    turn.do(StopTimer("retry"))
    turn.edit_line(line.line, stage=LineStage.COMMITTED)
    turn.record(LineCommitted(event.transaction, event.line))


def line_committed(turn: Turn, _: LineCommitted) -> None:
    if turn.state.phase is Phase.PROVING:
        prove_next(turn)


def commit_refused(turn: Turn, event: CommitRefused) -> None:
    if event.transaction == turn.session.transaction:
        _not_provable(turn, "X-602")


def commit_failed(turn: Turn, event: IssuanceFailed) -> None:
    """Commit is idempotent by line: ask again, a few times."""
    if event.transaction != turn.session.transaction or event.request != "Commit":
        return
    retries = turn.session.retries + 1
    turn.edit(retries=retries)
    if retries < issuance.COMMIT_TRIES:
        turn.do(StartTimer("retry", turn.state.setup.timeouts.retry_s))
    else:
        _not_provable(turn, "X-601")


# --- the request ------------------------------------------------------------------------------------------------------


def begin_payment(turn: Turn) -> None:
    """The intent first; the request follows from its record."""
    state, session = turn.state, turn.session
    brand, account = brand_of(state, session.means), account_of(turn)
    terminal = terminal_of(state, brand.device) if brand is not None else None
    if brand is None or account is None or terminal is None or not terminal.is_ready:
        choose_again(turn, "trouble")
        return
    op = OpId(turn.token()[:SERVICE_ID_MAX])
    turn.edit(charge=op, stage="touch" if brand.kind in ("emoney", "credit") else "processing")
    turn.go(Phase.CHARGING)
    turn.record(
        PaymentIntended(op, account.transaction, brand.device, terminal.poi, account.remaining, brand.key)
    )
