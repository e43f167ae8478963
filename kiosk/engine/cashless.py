"""A payment at a terminal or gateway: asked once, ended by evidence, kept UNKNOWN until there is some. Pure."""

from __future__ import annotations

from kiosk.engine.inner import Asked
from kiosk.engine.means import choose_again
from kiosk.engine.payout import give_back, pay_next
from kiosk.engine.session import advance
from kiosk.engine.state import Phase, Turn
from kiosk.engine.till import account_of
from kiosk.engine.voiding import brand_of, may_void
from kiosk.ids import DeviceId, OpId
from kiosk.journal.accounts import Cashless
from kiosk.journal.records import (
    IncidentOpened,
    PaymentIntended,
    PaymentResolved,
    PaymentSettled,
    Record,
    ReversalIntended,
    ReversalResolved,
    ReversalSettled,
)
from kiosk.money import Yen
from kiosk.ports import (
    AbortPayment,
    Outcome,
    PaymentCodeMade,
    PaymentEnded,
    PaymentProgressed,
    ReadPayment,
    ReadReversal,
    RequestPayment,
    RequestReversal,
    ReversalEnded,
    StartTimer,
    StopTimer,
    TerminalRead,
    TimerExpired,
)

UNKNOWN = "M-411"
NOBODY = frozenset({"aborted", "cancelled"})
DECLINED = frozenset({"declined", "wrong-card", "not-allowed", "incomplete-not-made"})


def request(turn: Turn, record: PaymentIntended) -> None:
    """The intent is durable: now, once, the request. The phone's code goes with it and is forgotten."""
    session = turn.state.session
    if session is None or session.charge != record.op:
        return
    turn.do(
        RequestPayment(
            record.op,
            record.device,
            record.poi,
            record.amount,
            record.means,
            session.number,
            session.code,
        )
    )
    turn.edit(code="")


def progressed(turn: Turn, event: PaymentProgressed) -> None:
    """For the screen. A void tells its stages too."""
    going = turn.state.ledger.cashless.get(event.op)
    session = turn.state.session
    if session is not None and going is not None and going.transaction == session.transaction:
        turn.edit(stage=event.stage)


def code_made(turn: Turn, event: PaymentCodeMade) -> None:
    if turn.state.session is not None and turn.session.charge == event.op:
        turn.edit(payload=event.payload, stage="show")


# --- its end ----------------------------------------------------------------------------------------------------------


def payment_ended(turn: Turn, event: PaymentEnded) -> None:
    """Whatever the phase: the terminal's word goes into the journal. What is settled is settled; UNKNOWN stays."""
    going = turn.state.ledger.cashless.get(event.op)
    if going is None or going.of is not None:
        return
    turn.set(resolving=turn.state.resolving - {event.op})
    if turn.state.session is not None and turn.session.charge == event.op:
        turn.edit(balance=event.balance_before if event.balance_before is not None else turn.session.balance)
    outcome, code = _judged(turn, going, event)
    amount = event.amount if outcome in (Outcome.CONFIRMED, Outcome.PARTIAL) else Yen(0)
    if going.is_unknown:
        if outcome is not Outcome.UNKNOWN:
            reason = code or "status"
            turn.record(
                PaymentResolved(going.op, going.transaction, amount, "device", reason, event.reference)
            )
        return
    settled = PaymentSettled(going.op, going.transaction, amount, outcome.value, event.reference, code)
    turn.record(settled, *_incident(turn, going, outcome, code))


def _judged(turn: Turn, going: Cashless, event: PaymentEnded) -> tuple[Outcome, str]:
    """An amount that was not asked for is no proof. 処理未了 of a brand whose rule says "not made" is that."""
    brand = brand_of(turn.state, going.means)
    if event.outcome is Outcome.CONFIRMED and event.amount != going.amount:
        return Outcome.UNKNOWN, "amount"
    if event.outcome is Outcome.PARTIAL and not Yen(0) < event.amount < going.amount:
        return Outcome.UNKNOWN, "amount"
    if event.outcome is Outcome.UNKNOWN and event.code == "incomplete":
        if brand is not None and brand.incomplete == "not_made":
            return Outcome.REFUSED, "incomplete-not-made"
    return event.outcome, event.code


def _incident(turn: Turn, going: Cashless, outcome: Outcome, code: str) -> tuple[Record, ...]:
    if outcome is not Outcome.UNKNOWN:
        return ()
    facts = (("means", going.means), ("op", going.op), ("code", code))
    return (IncidentOpened(turn.token(), UNKNOWN, going.transaction, going.device, going.amount, facts),)


def payment_settled(turn: Turn, record: PaymentSettled) -> None:
    """On by what is proven."""
    if not _is_ours(turn, record.op):
        return
    if record.outcome == "unknown":
        check(turn)
    else:
        _go_on(turn, record.amount, record.code)


def payment_resolved(turn: Turn, record: PaymentResolved) -> None:
    """Evidence after all. While she waits it goes on; later the slip that she has tells the rest."""
    if turn.state.session is None or turn.session.transaction != record.transaction:
        return
    if turn.state.phase is Phase.CHECKING_PAYMENT:
        _go_on(turn, record.amount, record.reason)
    else:
        pay_next(turn)


def _is_ours(turn: Turn, op: OpId) -> bool:
    return (
        turn.state.session is not None
        and turn.session.charge == op
        and turn.state.phase in (Phase.CHARGING, Phase.CHECKING_PAYMENT)
    )


def _go_on(turn: Turn, amount: Yen, code: str) -> None:
    account = account_of(turn)
    turn.do(StopTimer("stage"), StopTimer("retry"))
    turn.set(still_there_s=None)
    if account is None:
        return
    if not amount:
        _nothing_taken(turn, code)
    elif account.remaining:  # a part only: one means per payment, so all of it goes back
        turn.edit(trouble="M-412")
        give_back(turn, None)
    elif turn.session.is_cancelled and may_void(turn, account):
        give_back(turn, None)
    else:
        turn.edit(is_cancelled=False)  # it was too late: it is paid, so she gets the paper
        advance(turn)


def _nothing_taken(turn: Turn, code: str) -> None:
    turn.set(is_staff_called=False)
    if turn.session.is_cancelled:
        give_back(turn, None)
    elif turn.session.wants_other:
        choose_again(turn, "")
    else:
        choose_again(turn, "nobody" if code in NOBODY else "declined" if code in DECLINED else "trouble")


# --- while it is awaited ----------------------------------------------------------------------------------------------


def abort(turn: Turn, _: object) -> None:
    """「やめる」: the payment ends as ever, by what is proven."""
    turn.set(still_there_s=None)
    turn.edit(is_cancelled=True)
    _send_abort(turn)


def other_means(turn: Turn, _: Asked) -> None:
    turn.edit(wants_other=True)
    _send_abort(turn)


def nobody_there(turn: Turn, _: TimerExpired) -> None:
    abort(turn, None)


def _send_abort(turn: Turn) -> None:
    going = turn.state.ledger.cashless.get(turn.session.charge or OpId(""))
    if going is not None:
        turn.edit(stage="processing")
        turn.do(AbortPayment(going.op, going.device))


def check(turn: Turn) -> None:
    """UNKNOWN: no cash, no second try; the terminal is asked while she waits."""
    turn.go(Phase.CHECKING_PAYMENT)
    turn.set(is_staff_called=True)
    timeouts = turn.state.setup.timeouts
    turn.do(StartTimer("stage", timeouts.check_s), StartTimer("retry", timeouts.retry_s))


def ask_once_more(turn: Turn, _: TimerExpired) -> None:
    going = turn.state.ledger.cashless.get(turn.session.charge or OpId(""))
    if going is not None:
        _ask(turn, going)
        turn.do(StartTimer("retry", turn.state.setup.timeouts.retry_s))


def gave_up(turn: Turn, _: TimerExpired) -> None:
    """It stays UNKNOWN: a paper with number and balance, staff; nothing else is taken for this visit."""
    turn.do(StopTimer("retry"))
    turn.edit(trouble=UNKNOWN)
    give_back(turn, None)


# --- voids ------------------------------------------------------------------------------------------------------------


def request_void(turn: Turn, record: ReversalIntended) -> None:
    """The intent is durable: now, once, the request."""
    going = turn.state.ledger.cashless.get(record.op)
    account = turn.state.ledger.accounts.get(record.transaction)
    if going is None or account is None or account.payment is None:
        return
    turn.do(
        RequestReversal(
            record.op,
            record.device,
            record.poi,
            record.of,
            account.payment.reference,
            record.amount,
            record.means,
        )
    )


def reversal_ended(turn: Turn, event: ReversalEnded) -> None:
    going = turn.state.ledger.cashless.get(event.op)
    if going is None or going.of is None:
        return
    turn.set(resolving=turn.state.resolving - {event.op})
    outcome = Outcome.UNKNOWN if event.outcome is Outcome.PARTIAL else event.outcome
    if going.is_unknown:
        if outcome is not Outcome.UNKNOWN:
            is_done = outcome is Outcome.CONFIRMED
            turn.record(
                ReversalResolved(going.op, going.transaction, is_done, "device", event.code or "status")
            )
        return
    settled = ReversalSettled(going.op, going.transaction, outcome.value, event.code)
    turn.record(settled, *_incident(turn, going, outcome, event.code))


def reversal_settled(turn: Turn, record: ReversalSettled | ReversalResolved) -> None:
    session = turn.state.session
    if session is None or session.transaction != record.transaction:
        return
    account = account_of(turn)
    is_refused = isinstance(record, ReversalSettled) and record.outcome == "refused"
    turn.edit(stage="", is_void_tried=session.is_void_tried or is_refused)
    if account is not None and account.reversed:
        turn.edit(voided=account.reversed)
    if isinstance(record, ReversalSettled) and record.outcome == "unknown":
        turn.edit(trouble=UNKNOWN)
    pay_next(turn)


# --- what the last life, or this one, left open -----------------------------------------------------------------------


def terminal_read(turn: Turn, event: TerminalRead) -> None:
    """A terminal speaks: it is asked about everything that it alone can know. Reads only."""
    others = tuple(each for each in turn.state.terminals if each.device != event.device)
    turn.set(terminals=(*others, event))
    ask_about(turn, event.device)


def ask_about(turn: Turn, device: DeviceId) -> None:
    session = turn.state.session
    for going in turn.state.ledger.cashless.values():
        is_awaited = session is not None and going.op == session.charge and not going.is_unknown
        if going.device == device and not is_awaited and going.op not in turn.state.resolving:
            _ask(turn, going)
            if (
                going.of is None and not going.is_unknown
            ):  # of the last life: nobody is to be charged for it any more
                turn.do(AbortPayment(going.op, going.device))


def _ask(turn: Turn, going: Cashless) -> None:
    _was_at_terminal(turn, going)
    turn.set(resolving=turn.state.resolving | {going.op})
    if going.of is None:
        turn.do(ReadPayment(going.op, going.device, going.poi, going.amount))
    else:
        turn.do(ReadReversal(going.op, going.device, going.poi))


def _was_at_terminal(turn: Turn, going: Cashless) -> None:
    if not turn.state.recovered and not going.is_unknown:
        turn.set(at_terminal=turn.state.at_terminal | {going.transaction})


def never_answered(turn: Turn) -> None:
    """After a restart the terminal does not come: what it was doing is UNKNOWN, and the machine goes on without it."""
    records: list[Record] = []
    for going in turn.state.ledger.cashless.values():
        if going.is_unknown:
            continue
        _was_at_terminal(turn, going)
        if going.of is None:
            records.append(PaymentSettled(going.op, going.transaction, Yen(0), "unknown", "", "restart"))
        else:
            records.append(ReversalSettled(going.op, going.transaction, "unknown", "restart"))
        records += _incident(turn, going, Outcome.UNKNOWN, "restart")
    if records:
        turn.record(*records)
