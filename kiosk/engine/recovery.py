"""After a start: what to do with each transaction that the last life left open. Moves no money by itself. Pure.

`ACTIONS` is the whole of it: the last record of an open transaction → what is written down now. The devices are
read first (hoppers asked about every open dispense, the acceptor for credits counted meanwhile); only when all
have answered is anything concluded. Money that is then held is offered to the resident: her 「お金を返す」 is the
authority for the payout; with anything in doubt a slip and staff instead.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.engine import cashless, visits
from kiosk.engine.issuance import report_all
from kiosk.engine.payment import was_paying
from kiosk.engine.payout import pay_out, payout_over
from kiosk.engine.service import RESTING, cash_is_up
from kiosk.engine.session import end
from kiosk.engine.state import Line, LineStage, Phase, Session, Turn
from kiosk.engine.taking import intend_receipt
from kiosk.engine.till import account_of
from kiosk.engine.voiding import is_cashless, may_void, means_of
from kiosk.journal.accounts import Account
from kiosk.journal.records import (
    CoinIn,
    CommitIntended,
    DispenseAdvanced,
    DispenseIntended,
    DispenseResolved,
    DispenseSettled,
    IncidentOpened,
    LineBooked,
    LineCommitted,
    LineVoided,
    NoteBack,
    NoteDoubted,
    NoteIn,
    NoteIntended,
    NoteResolved,
    OwedOnSlip,
    PaymentIntended,
    PaymentResolved,
    PaymentSettled,
    PayoutDecided,
    PrintedReported,
    PrintIntended,
    PrintSettled,
    ReceiptSettled,
    Record,
    ReversalIntended,
    ReversalResolved,
    ReversalSettled,
    TransactionOpened,
    VoidReported,
)
from kiosk.money import Yen
from kiosk.ports import HopperRead, ResolveDispense, StartTimer, StopTimer, TimerExpired
from kiosk.services.plan import Step

Action = Callable[[Turn, Account], None]


def resolve(turn: Turn, event: HopperRead) -> None:
    """A hopper has come: ask it about every dispense whose end nobody wrote down. Reads only."""
    for intent in turn.state.ledger.dispenses.values():
        if (
            intent.device == event.device
            and intent.op not in turn.state.resolving
            and not turn.state.recovered
        ):
            turn.set(resolving=turn.state.resolving | {intent.op})
            turn.do(
                ResolveDispense(
                    intent.op,
                    intent.device,
                    intent.count,
                    intent.event_counter,
                    intent.lifetime,
                    intent.serial,
                    paid=intent.advanced,
                )
            )


def is_known(turn: Turn) -> bool:
    """True when every device that holds money has told what it knows."""
    state = turn.state
    if any(not each.is_unknown for each in state.ledger.cashless.values()):
        return False
    waiting = [each for each in state.ledger.open_transactions if _needs_us(turn, each)]
    if all(is_cashless(state, each) and not each.inserted.total for each in waiting):
        return not state.ledger.dispenses  # no slot was open for any of them
    return (
        cash_is_up(state)
        and state.accepting is not None
        and not state.ledger.dispenses
        and _notes_are_known(turn)
    )


def _may_print(turn: Turn) -> bool:
    """A receipt is owed, or only a slip can answer for the money: its printer is there, or was waited for enough."""
    state = turn.state
    is_needed = any(
        each.is_receipt_owed or each.transaction == state.uncounted or _has_no_evidence(turn, each)
        for each in state.ledger.open_transactions
    )
    return not is_needed or state.waits_long or state.setup.receipt_printer in state.up


def _doubt_receipts(turn: Turn) -> None:
    """Sent by the last life, and no end recorded: it may have come out. Never sent again; staff look."""
    for each in turn.state.ledger.receipt_prints.values():
        turn.record(
            ReceiptSettled(each.op, each.transaction, "unknown", "restart"),
            IncidentOpened(
                turn.token(), "R-504", each.transaction, each.device, facts=(("receipt", "unknown"),)
            ),
        )


def _notes_are_known(turn: Turn) -> bool:
    """A note that was ordered in, and of which the last life knew no end: its unit has come to rest, and told. Where a
    note came in, the boxes that could give it back have told too, or were waited for long enough."""
    state = turn.state
    waiting = {each.transaction: each for each in state.ledger.open_transactions if _needs_us(turn, each)}
    notes = [each for each in state.ledger.notes.values() if each.transaction in waiting]
    is_at_rest = state.setup.has_changer or state.notes_open is not None
    boxes = {each.device for each in state.setup.hoppers if each.denomination.is_note}
    came_in = any(face.is_note for each in waiting.values() for face, _ in each.inserted.items())
    have_told = is_at_rest and boxes <= {read.device for read in state.hoppers}
    if came_in and not have_told and not state.waits_long:
        return False
    return all(each.is_credited or (each.is_doubtful and is_at_rest) for each in notes)


def conclude(turn: Turn) -> None:
    """Called after every event until it is done. Without open transactions there is nothing to wait for."""
    state = turn.state
    if not state.recovered and state.phase is Phase.STARTING:
        waiting = tuple(each.transaction for each in state.ledger.open_transactions if _needs_us(turn, each))
        if waiting and not (is_known(turn) and _may_print(turn)):
            return
        _doubt_receipts(turn)
        turn.set(recovered=True, recovering=waiting, is_staff_called=False)
        if not waiting:
            visits.lost(turn)
        report_all(turn)


def take_up_next(turn: Turn) -> None:
    """Called after every event: between people, the next transaction of the last life."""
    state = turn.state
    if not state.recovering or state.phase not in RESTING:
        return
    first, *rest = state.recovering
    turn.set(recovering=tuple(rest))
    account = state.ledger.accounts.get(first)
    if account is not None and account.is_open:
        take_up(turn, account)


def _needs_us(turn: Turn, account: Account) -> bool:
    """False for one that waits for a person only: every yen held is for a line in doubt that is already named."""
    ledger = turn.state.ledger
    going = {each.transaction for each in ledger.prints.values()}
    going |= {each.transaction for each in ledger.dispenses.values()}
    going |= {each.transaction for each in ledger.cashless.values()}
    if account.transaction in going or account.is_receipt_owed:
        return True
    doubtful = [line for line in account.lines.values() if line.print_outcome in ("unknown", "partial")]
    if account.note_doubt and all(line.is_booked or line.is_voided for line in account.lines.values()):
        return bool(account.held)
    held = account.held + account.held_cashless
    return not doubtful or held != Yen.sum(line.fee for line in doubtful)


def take_up(turn: Turn, account: Account) -> None:
    """An open transaction, by its last record."""
    is_uncertain = turn.state.uncounted is None and _has_no_evidence(turn, account)
    if is_uncertain:
        turn.record(IncidentOpened(turn.token(), "M-404", account.transaction, turn.state.setup.acceptor))
    turn.set(
        session=Session(
            transaction=account.transaction,
            step=Step.PAY,
            number=account.number,
            means=means_of(account),
            is_cancelled=True,
            is_uncounted=account.transaction == turn.state.uncounted or is_uncertain,
            lines=tuple(_line(turn, account, line_id) for line_id in account.lines),
        )
    )
    ACTIONS[account.last](turn, account)


def _has_no_evidence(turn: Turn, account: Account) -> bool:
    """ccTalk's counter is 0 after power-up: 0 then and 0 now says nothing of what fell in between."""
    mark = turn.state.ledger.marks.get(turn.state.setup.acceptor)
    was_open = was_paying(account) and not is_cashless(turn.state, account)
    return was_open and mark is not None and mark.raw == 0


def waits_long(turn: Turn, _: TimerExpired) -> None:
    """A device that holds the answer does not come: the money that waits for it is named, and staff are called."""
    state = turn.state
    if state.recovered or state.phase is not Phase.STARTING:
        return
    cashless.never_answered(turn)
    turn.set(waits_long=True, is_staff_called=True)
    named = {each.transaction for each in state.ledger.incidents.values() if each.code == "X-606"}
    for account in state.ledger.open_transactions:
        if _needs_us(turn, account) and account.transaction not in named:
            held = account.held + account.held_cashless
            turn.record(IncidentOpened(turn.token(), "X-606", account.transaction, amount=held))


def _line(turn: Turn, account: Account, line_id: str) -> Line:
    line = next(each for each in account.lines.values() if each.line == line_id)
    in_print = any(each.line == line.line for each in turn.state.ledger.prints.values())
    if line.is_booked:
        stage = LineStage.PRINTED
    elif in_print or line.print_outcome in ("unknown", "partial"):
        stage = LineStage.IN_DOUBT
    else:
        stage = LineStage.FAILED
    return Line(line.line, line.kind, (), line.fee, stage)


def settle(turn: Turn, account: Account) -> None:
    """Nothing of this transaction was being printed: what is not printed is void; money held is offered back."""
    voids = _voids(account)
    if voids:
        turn.record(*voids)
    offer(turn)


def _voids(account: Account) -> list[Record]:
    return [
        LineVoided(account.transaction, line.line, "restart")
        for line in account.lines.values()
        if not line.is_booked
        and not line.is_voided
        and line.print_outcome not in ("confirmed", "unknown", "partial")
    ]


def doubt_print(turn: Turn, account: Account) -> None:
    """The core died while a page may have come out: never printed again by itself; the fee stays held for staff."""
    doubtful = [each for each in turn.state.ledger.prints.values() if each.transaction == account.transaction]
    for each in doubtful:
        fee = account.lines[each.line].fee
        turn.record(
            PrintSettled(each.op, each.transaction, each.line, "unknown", 0, "restart"),
            IncidentOpened(turn.token(), "R-503", each.transaction, each.device, fee),
        )
    lines = {each.line for each in doubtful}
    voids = [each for each in _voids(account) if getattr(each, "line", None) not in lines]
    if voids:
        turn.record(*voids)
    offer(turn)


def book_print(turn: Turn, account: Account) -> None:
    """The paper was proven out and the booking was not written: book it now. (They are one write; this is a belt.)"""
    turn.record(
        *(
            LineBooked(account.transaction, line.line, line.kind, line.fee, means_of(account))
            for line in account.lines.values()
            if line.print_outcome == "confirmed" and not line.is_booked
        )
    )
    turn.edit(
        lines=tuple(
            Line(each.line, each.kind, (), each.fee, LineStage.PRINTED)
            if account.lines[each.line].print_outcome == "confirmed"
            else each
            for each in turn.session.lines
        )
    )
    settle(turn, account)


def offer(turn: Turn) -> None:
    """Ask the resident; the ledger of this moment is read when the last of the records above is durable.

    A receipt that the last life did not send goes out beside it.
    """
    account = account_of(turn)
    is_printed = any(line.stage is LineStage.PRINTED and line.fee for line in turn.session.lines)
    if account is not None and is_printed and not account.receipt:
        intend_receipt(turn)
    turn.go(Phase.OFFERING_BACK)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.offer_s))


ACTIONS: dict[str, Action] = {
    TransactionOpened.__name__: settle,
    CoinIn.__name__: settle,
    NoteIntended.__name__: settle,
    NoteIn.__name__: settle,
    NoteBack.__name__: settle,
    NoteDoubted.__name__: settle,
    NoteResolved.__name__: settle,
    CommitIntended.__name__: settle,
    LineCommitted.__name__: settle,
    PrintIntended.__name__: doubt_print,
    PrintSettled.__name__: book_print,
    LineBooked.__name__: settle,
    PrintedReported.__name__: settle,
    LineVoided.__name__: settle,
    VoidReported.__name__: settle,
    PayoutDecided.__name__: settle,
    DispenseIntended.__name__: settle,
    DispenseAdvanced.__name__: settle,
    DispenseSettled.__name__: settle,
    DispenseResolved.__name__: settle,
    OwedOnSlip.__name__: settle,
    PaymentIntended.__name__: settle,
    PaymentSettled.__name__: settle,
    PaymentResolved.__name__: settle,
    ReversalIntended.__name__: settle,
    ReversalSettled.__name__: settle,
    ReversalResolved.__name__: settle,
    IncidentOpened.__name__: settle,
}
"""Last record of an open transaction → what recovery does. A test walks every record type that names a transaction."""


def check_offer(turn: Turn) -> None:
    """Called after every event in OFFERING_BACK: nothing held means nothing to offer; a doubt means a slip."""
    if turn.state.phase is not Phase.OFFERING_BACK or turn.state.writing:
        return  # what is being written down comes back first
    account = account_of(turn)
    if account is None or not account.is_open:
        end_of_recovery(turn)
        return
    ledger = turn.state.ledger
    if any(each.transaction == account.transaction for each in ledger.prints.values()):
        return
    doubt = Yen.sum(line.fee for line in turn.session.lines if line.stage is LineStage.IN_DOUBT)
    free = account.held - doubt
    if turn.session.is_uncounted:
        _leave_to_staff(turn, account, free)
    elif account.in_doubt and free.value > 0:
        slip = OwedOnSlip(account.transaction, turn.token()[:12], free + account.in_doubt, "unknown")
        turn.record(slip)
    elif free.value <= 0 and not may_give_back_cashless(turn):
        turn.go(Phase.PAYING_OUT)
        pay_out(turn, "offer")


def may_give_back_cashless(turn: Turn) -> bool:
    """What was taken by a terminal could be voided now, on her word."""
    account = account_of(turn)
    return account is not None and bool(account.held_cashless) and may_void(turn, account)


def _leave_to_staff(turn: Turn, account: Account, free: Yen) -> None:
    """The acceptor lost its counter while the slot was open: nobody knows what is inside. Number, paper, staff."""
    turn.go(Phase.PAYING_OUT)
    if free.value > 0:
        turn.record(OwedOnSlip(account.transaction, turn.token()[:12], free, "restart"))
    else:
        payout_over(turn)


def nobody_came(turn: Turn, _: TimerExpired) -> None:
    """Nobody asks for the money: it stands on a slip, and staff have the incident."""
    account = account_of(turn)
    if account is None:
        end_of_recovery(turn)
        return
    doubt = Yen.sum(line.fee for line in turn.session.lines if line.stage is LineStage.IN_DOUBT)
    amount = account.held - doubt
    turn.go(Phase.PAYING_OUT)
    turn.edit(is_void_tried=True)  # nobody is there to hold the card to the terminal
    if amount.value <= 0:
        pay_out(turn, "offer")
        return
    turn.record(
        IncidentOpened(turn.token(), "X-606", account.transaction, amount=amount),
        OwedOnSlip(account.transaction, turn.token()[:12], amount, "restart"),
    )


def end_of_recovery(turn: Turn) -> None:
    turn.do(StopTimer("stage"))
    end(turn)
