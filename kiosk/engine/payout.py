"""Money out: a payout follows its durable intent, once; what no unit can give stands on a slip. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.changer import MAX_PER_DISPENSE, plan_payout, plan_return
from kiosk.engine import notes, voiding
from kiosk.engine.inner import Asked
from kiosk.engine.slips import doubt_slip, owed_slip, void_slip
from kiosk.engine.state import LineStage, Phase, Turn
from kiosk.engine.taking import RECEIPT, change_is_out, enter_take, finish, print_receipt, take_money
from kiosk.engine.till import (
    HELD_CODES,
    account_of,
    has_open_notes,
    held_in_doubt,
    notes_in_doubt,
    payers,
    stock,
)
from kiosk.ids import DeviceId, OpId
from kiosk.journal.accounts import CASH, Payout
from kiosk.journal.cashbook import payouts_of, slips_of
from kiosk.journal.records import (
    DispenseIntended,
    DispenseResolved,
    DispenseSettled,
    ExchangeEnded,
    IncidentClosed,
    IncidentOpened,
    LineVoided,
    OwedOnSlip,
    PayoutDecided,
    ReceiptIntended,
    TransactionClosed,
)
from kiosk.money import Cash, Denomination, Yen
from kiosk.ports import (
    Dispense,
    DispenseEnded,
    HopperRead,
    Outcome,
    PrintSlip,
    StartTimer,
    StopTimer,
    TimerExpired,
)

TRY_AGAIN = frozenset({"not-received", "stale-evidence", "busy"})
"""Codes of drivers/cctalk/README.md for a dispense that the hopper never began."""
REFUSALS_MAX = 2
NOT_TAKEN = "not-taken"
"""Code of drivers/id003/README.md: the note went back into its box."""


def give_back(turn: Turn, _: object) -> None:
    """Held money goes back: a cancel, a failed line, or the resident's own wish after a restart."""
    pay_out(turn, "offer" if turn.state.phase is Phase.OFFERING_BACK else "return")


def pay_out(turn: Turn, purpose: str) -> None:
    """Everything held that is not in doubt. One payout at a time; an interrupted one is finished first."""
    turn.go(Phase.PAYING_OUT)
    turn.edit(purpose=purpose)
    pay_next(turn)


def pay_next(turn: Turn, _: object = None) -> None:
    """One step of giving back, by what the ledger says now: called again when that step's record has been written.

    In this order: what is under way is waited for; a payout that is open goes on; a doubt that stands on no paper
    gets one; what is still held is decided; else it is over.
    """
    account = account_of(turn)
    if turn.state.phase is not Phase.PAYING_OUT or turn.state.writing:
        return
    if account is None:
        payout_over(turn)
        return
    ledger = turn.state.ledger
    if any(each.transaction == account.transaction for each in ledger.dispenses.values()):
        return
    for payout in payouts_of(ledger, account.transaction):
        if payout.open:
            turn.edit(payout=payout.payout)
            _pay_part(turn, payout)
            return
    doubt = account.in_doubt - Yen.sum(each.doubtful for each in slips_of(ledger, account.transaction))
    amount = account.held - held_in_doubt(turn)
    if doubt.value > 0:
        turn.record(OwedOnSlip(account.transaction, turn.token()[:12], doubt, "unknown"))
    elif amount.value > 0:
        turn.record(PayoutDecided(OpId(turn.token()), account.transaction, turn.session.purpose, amount))
    elif not voiding.undo(turn, account):
        payout_over(turn)


def payout_decided(turn: Turn, record: PayoutDecided) -> None:
    if turn.state.session is None:
        return
    account = account_of(turn)
    turn.edit(payout=record.payout, back=account.inserted if account is not None else None)
    pay_next(turn)


def _pay_part(turn: Turn, payout: Payout) -> None:
    """The next pieces of this payout from the next unit; what no unit can give goes on a slip."""
    chosen = None if turn.session.is_note_left else _choose(turn, _plan(turn, payout))
    if chosen is None:
        reason, code = ("not-taken", "M-408") if turn.session.is_note_left else ("shortage", "M-403")
        turn.record(
            OwedOnSlip(payout.transaction, turn.token()[:12], payout.open, reason),
            IncidentOpened(turn.token(), code, payout.transaction, amount=payout.open),
        )
        return
    read, denomination, count = chosen
    if read.device in turn.state.unread:  # it tells its count in a moment
        turn.do(StartTimer("unread", turn.state.setup.timeouts.retry_s))
        return
    turn.record(
        DispenseIntended(
            OpId(turn.token()),
            payout.payout,
            payout.transaction,
            read.device,
            denomination,
            count,
            read.event_counter,
            read.lifetime,
            read.serial,
        )
    )


def never_read(turn: Turn, _: TimerExpired) -> None:
    """A box does not tell its count after a payout: nothing more is asked of it."""
    state = turn.state
    turn.set(
        hoppers=tuple(read for read in state.hoppers if read.device not in state.unread), unread=frozenset()
    )
    pay_next(turn)


def _plan(turn: Turn, payout: Payout) -> Cash:
    """Held money goes back in the faces that came in, as far as they are there; change in the fewest pieces."""
    back = turn.session.back
    if payout.purpose != "change" and back is not None and back.total == payout.open:
        return plan_return(back, stock(turn))
    return plan_payout(payout.open, stock(turn))


def _choose(turn: Turn, plan: Cash) -> tuple[HopperRead, Denomination, int] | None:
    reads = {read.denomination: read for read in payers(turn)}
    for denomination, count in plan.items():
        if denomination in reads:
            return reads[denomination], denomination, min(count, MAX_PER_DISPENSE)
    return None


def dispense(turn: Turn, record: DispenseIntended) -> None:
    """The intent is durable: now, once, the command."""
    turn.do(Dispense(record.op, record.device, record.count))


def dispense_ended(turn: Turn, event: DispenseEnded) -> None:
    """Whatever the phase: the device's word goes into the journal. An op that is settled is settled."""
    intent = turn.state.ledger.dispenses.get(event.op)
    if intent is None:
        return
    turn.set(resolving=turn.state.resolving - {event.op})
    notes.out_of_bezel(turn)
    _update_counters(turn, event)
    outcome = event.outcome
    if not intent.advanced <= event.paid <= intent.count:
        outcome = Outcome.UNKNOWN
    paid = max(intent.advanced, min(event.paid, intent.count))
    settled = DispenseSettled(
        event.op,
        intent.transaction,
        intent.device,
        intent.denomination,
        intent.count,
        paid,
        outcome.value,
        event.code,
    )
    if outcome is Outcome.CONFIRMED or (outcome is not Outcome.UNKNOWN and not turn.state.recovered):
        turn.record(settled)
        return
    if outcome is Outcome.REFUSED and _may_try_again(turn, event):
        turn.record(settled)
        return
    if event.code == NOT_TAKEN and outcome is not Outcome.UNKNOWN:
        if turn.state.session is not None:
            turn.edit(is_note_left=True)
        turn.record(settled)  # the unit is well: nobody took what it gave
        return
    code = "M-404" if outcome is Outcome.UNKNOWN else "M-403"
    doubtful = intent.denomination.face * (intent.count - paid) if outcome is Outcome.UNKNOWN else Yen(0)
    turn.set(faults=turn.state.faults | {(event.device, "payout")})
    facts = (("asked", str(intent.count)), ("paid", str(paid)), ("code", event.code))
    turn.record(
        settled, IncidentOpened(turn.token(), code, intent.transaction, event.device, doubtful, facts)
    )


EXCHANGED = "serial-changed"
"""Drivers say it of a unit that is not the one that the journal knows (drivers/cctalk/README.md)."""


def box_was_open(turn: Turn, record: ExchangeEnded) -> None:
    """Somebody had these boxes open and shut them: what stopped their last payout has been seen to, and so has a unit
    that stands in the place of another one."""
    _pays_again(turn, {each.unit for each in record.units})
    turn.set(faults=frozenset(each for each in turn.state.faults if each[1] != EXCHANGED))


def incident_closed(turn: Turn, _: IncidentClosed) -> None:
    """The same for a unit that no open incident names any more."""
    named = {each.device for each in turn.state.ledger.incidents.values()}
    _pays_again(turn, {device for device, _ in turn.state.faults if device not in named})


def _pays_again(turn: Turn, units: set[DeviceId]) -> None:
    """A fault that its device itself tells of stays until the device says that it is gone."""
    turn.set(faults=turn.state.faults - {(each, "payout") for each in units})


def _may_try_again(turn: Turn, event: DispenseEnded) -> bool:
    """Proven not done, for a cause of the line and not of the hopper: a new operation, a few times."""
    session = turn.state.session
    if session is None or event.code not in TRY_AGAIN or session.refusals.count(event.device) >= REFUSALS_MAX:
        return False
    turn.edit(refusals=(*session.refusals, event.device))
    return True


def _update_counters(turn: Turn, event: DispenseEnded) -> None:
    """The next intent needs the counters as they stand after this one. A box tells its own in a moment."""
    setup = turn.state.setup
    boxes = {each.device for each in setup.hoppers if each.denomination.is_note or setup.has_changer}
    if event.device in boxes:
        turn.set(unread=turn.state.unread | {event.device})
        return
    turn.set(
        hoppers=tuple(
            replace(read, event_counter=event.event_counter, lifetime=event.lifetime)
            if read.device == event.device
            else read
            for read in turn.state.hoppers
        )
    )


def dispense_settled(turn: Turn, record: DispenseSettled | DispenseResolved) -> None:
    if turn.state.phase is not Phase.PAYING_OUT:
        return
    given, back = Cash({record.denomination: record.paid}), turn.session.back
    turn.edit(back=back - given if back is not None and back.covers(given) else None)
    pay_next(turn)


def owed(turn: Turn, record: OwedOnSlip) -> None:
    """What could not be given stands on a slip: amount and number, for the counter."""
    if turn.state.session is None or turn.session.transaction != record.transaction:
        return  # of a visit that is over: the person has its number
    trouble = turn.session.trouble if turn.session.trouble in ("R-503", "M-404", notes.STUCK) else "M-403"
    if record.reason == NOT_TAKEN:
        trouble = "M-408"
    if record.means != CASH:
        trouble = "M-411" if record.reason == "unknown" else "M-412"
    turn.edit(slip_owed=turn.session.slip_owed + record.amount, trouble=trouble)
    print_slip(turn, owed_slip(turn, record))
    pay_next(turn)


def print_slip(turn: Turn, command: PrintSlip) -> None:
    """A paper that the person needs: kept until it is proven printed. After a start its printer may come later."""
    turn.edit(slips=(*turn.session.slips, command))
    if command.device in turn.state.up:
        turn.do(command)


def payout_over(turn: Turn) -> None:
    """Nothing more can or must go out now. Issued: on to the things; else the transaction ends here."""
    if turn.session.is_uncounted and not turn.session.is_count_told:
        turn.edit(is_count_told=True, trouble="M-404")
        if not turn.session.slip_owed:  # one paper is enough: it has the number
            print_slip(turn, doubt_slip(turn, None, "M-404"))
    doubt = held_in_doubt(turn)
    if doubt and not turn.session.is_doubt_told:
        turn.edit(is_doubt_told=True, trouble="R-503")
        print_slip(turn, doubt_slip(turn, doubt, "R-503"))
    note_doubt = notes_in_doubt(turn)
    if note_doubt and not turn.session.is_note_told:
        turn.edit(is_note_told=True, trouble=notes.STUCK)
        print_slip(turn, doubt_slip(turn, note_doubt, notes.STUCK))
    if any(thing != RECEIPT for thing, _ in turn.session.things):
        change_is_out(turn)
        return
    close_unissued(turn)


def close_unissued(turn: Turn) -> None:
    """Nothing was printed: lines void, transaction closed, and the person is told where the money is."""
    session, account = turn.session, account_of(turn)
    if account is not None and account.is_open:
        voids = [
            LineVoided(account.transaction, line.line, "cancelled" if session.is_cancelled else "failed")
            for line in account.lines.values()
            if not line.is_booked and not line.is_voided and line.line not in _doubtful(turn)
        ]
        is_closed = not _doubtful(turn) and not has_open_notes(turn)
        closing = [TransactionClosed(account.transaction, _result(turn))] if is_closed else []
        turn.record(*voids, *closing)
    if session.trouble in HELD_CODES and (account is None or not account.held):
        turn.edit(trouble="" if account is not None and account.returned else session.trouble)
        turn.set(is_staff_called=False)  # it was that money lay inside: it does not any more
    if session.trouble == notes.STUCK and not has_open_notes(turn):
        turn.edit(trouble="" if account is not None and account.returned else notes.STUCK)  # it was found
    if session.voided:
        print_slip(turn, void_slip(turn, session.voided))
    if account is not None and account.returned:
        take_money(turn, account.returned)
    elif session.things:
        enter_take(turn)
    else:
        finish(turn, None)


def _doubtful(turn: Turn) -> set[str]:
    return {line.line for line in turn.session.lines if line.stage is LineStage.IN_DOUBT}


def _result(turn: Turn) -> str:
    if turn.session.slip_owed:
        return "slip"
    if any(line.stage is LineStage.PRINTED for line in turn.session.lines):
        return "issued" if all(line.stage is LineStage.PRINTED for line in turn.session.lines) else "partly"
    return "cancelled" if turn.session.is_cancelled else "failed"


def receipt_intended(turn: Turn, record: ReceiptIntended) -> None:
    """The receipt goes out, and the change beside it."""
    if turn.state.session is not None and turn.session.receipt_op == record.op:
        print_receipt(turn, record.op)
        pay_next(turn)


def asked_back(turn: Turn, event: Asked) -> None:
    """「お金を返す」: the resident's intent is the authority for the payout."""
    turn.do(StopTimer("stage"))
    give_back(turn, event)
