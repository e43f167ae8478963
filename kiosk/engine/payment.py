"""Money in: what may be put in, and a credit when its record is durable. Pure."""

from __future__ import annotations

from kiosk.changer import accept_mask
from kiosk.engine.payout import close_unissued, give_back
from kiosk.engine.service import device_lost, room_judged, stop_reason
from kiosk.engine.session import advance, notify
from kiosk.engine.state import Phase, RoomJudged, Turn
from kiosk.engine.till import account_of, recycled, stock
from kiosk.journal.accounts import Account
from kiosk.journal.records import (
    AcceptorEpoch,
    CoinIn,
    CounterMoved,
    CreditsUnknown,
    IncidentOpened,
    OrderedLine,
    TransactionOpened,
)
from kiosk.money import Denomination, Yen
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    CoinAccepted,
    CoinRefused,
    CreditsLost,
    DeviceLost,
    SetAcceptance,
    StartTimer,
    StopTimer,
    TimerExpired,
)


def open_transaction(turn: Turn, _: object) -> None:
    """「はい、支払いへ」: everything that is needed later is looked at now, before a coin is taken."""
    reason, code = stop_reason(turn.state)
    if reason:
        notify(turn, code)
        return
    session = turn.session
    if session.total and not accepted_now(turn, Yen(0)):
        notify(turn, "M-401")
        return
    number = turn.state.ledger.next_number
    turn.edit(number=number)
    turn.go(Phase.OPENING_TRANSACTION)
    turn.record(
        TransactionOpened(
            session.transaction,
            number,
            session.total,
            tuple(
                OrderedLine(line.line, line.kind, line.fee, line.document.serial, line.document.pages)
                for line in session.lines
                if line.document is not None
            ),
        )
    )


def no_room(turn: Turn, event: RoomJudged) -> None:
    """The disk filled up in this very moment: before a coin is taken, nothing is opened."""
    room_judged(turn, event)
    turn.set(writing=0)
    if not event.is_enough:
        notify(turn, "X-605")


def opened(turn: Turn, _: TransactionOpened) -> None:
    advance(turn)


def enter_pay(turn: Turn) -> None:
    if not turn.session.total:
        advance(turn)
        return
    turn.go(Phase.AWAITING_PAYMENT)
    turn.do(SetAcceptance(turn.state.setup.acceptor, accepted_now(turn, Yen(0))))


def accepted_now(turn: Turn, inserted: Yen) -> tuple[Denomination, ...]:
    """Which faces may be put in: only those whose overpayment, or cancel, we can give back."""
    keeps = _partial_sums([line.fee for line in turn.session.lines])
    total, faces = turn.session.total, turn.state.setup.faces
    return accept_mask(total, inserted, stock(turn), faces, keeps=keeps, recycled=recycled(turn))


def _partial_sums(fees: list[Yen]) -> set[Yen]:
    """What may be kept when some lines are issued and others fail."""
    sums = {Yen(0)}
    for fee in fees:
        sums |= {each + fee for each in sums}
    return sums


def coin_accepted(turn: Turn, event: CoinAccepted) -> None:
    """In any phase: the piece is in, so it is written down first of all."""
    account = account_of(turn) or _only_open_account(turn)
    turn.record(
        CoinIn(
            event.device,
            event.epoch,
            event.seq,
            event.raw,
            event.denomination,
            event.unit,
            event.serial,
            account.transaction if account is not None and account.is_open else None,
        )
    )


def _only_open_account(turn: Turn) -> Account | None:
    """A credit told late, after a restart, belongs to the one transaction that was open."""
    found = turn.state.ledger.open_transactions
    return found[0] if len(found) == 1 else None


def credited(turn: Turn, record: CoinIn) -> None:
    if record.transaction is None:
        turn.record(
            IncidentOpened(turn.token(), "M-404", device=record.device, amount=record.denomination.face)
        )
        return
    if turn.state.phase is not Phase.AWAITING_PAYMENT:
        return
    account = account_of(turn)
    if account is None:
        return
    if not account.remaining:
        close_acceptance(turn)
        return
    wanted = accepted_now(turn, account.inserted.total)
    if wanted != turn.state.accepting:
        turn.do(SetAcceptance(turn.state.setup.acceptor, wanted))


def credits_lost(turn: Turn, event: CreditsLost) -> None:
    account = account_of(turn)
    if account is not None and turn.state.session is not None:
        turn.edit(is_uncounted=True, trouble="M-404")
        turn.set(is_staff_called=True)
    turn.record(
        CreditsUnknown(event.device, event.epoch, event.at_most, account.transaction if account else None),
        IncidentOpened(turn.token(), "M-404", account.transaction if account else None, event.device),
    )


def acceptor_reset(turn: Turn, event: AcceptorReset) -> None:
    state = turn.state
    was_shut = not state.recovered and not any(map(was_paying, state.ledger.open_transactions))
    at_most = (
        0 if was_shut else event.at_most
    )  # no transaction, no open slot: a night without power swallowed nothing
    epoch = AcceptorEpoch(event.device, event.epoch, event.serial, at_most, event.raw)
    if not at_most:
        turn.record(epoch)
        return
    account = account_of(turn) or _only_open_account(turn)
    transaction = account.transaction if account else None
    if not state.recovered and transaction is not None:
        turn.set(uncounted=transaction)
    elif state.session is not None and account is not None:
        turn.edit(is_uncounted=True, trouble="M-404")
    turn.record(epoch, IncidentOpened(turn.token(), "M-404", transaction, event.device))


def was_paying(account: Account) -> bool:
    """The last life may have had the slot open for it: nothing of it was committed yet."""
    return not any(line.is_commit_intended or line.is_voided for line in account.lines.values())


def coin_refused(turn: Turn, event: CoinRefused) -> None:
    """No money; the counter has moved, and the next life must know where it stands."""
    if event.serial:
        turn.record(CounterMoved(event.device, event.epoch, event.seq, event.raw, event.serial))


def close_acceptance(turn: Turn) -> None:
    """Enough, or cancelled: the slot closes; what is still falling through is credited all the same."""
    turn.go(Phase.CLOSING_PAYMENT)
    turn.do(
        SetAcceptance(turn.state.setup.acceptor, ()),
        StartTimer("stage", turn.state.setup.timeouts.closing_s),
    )


def cancel_payment(turn: Turn, _: object) -> None:
    turn.edit(is_cancelled=True)
    close_acceptance(turn)


def nobody_there(turn: Turn, _: TimerExpired) -> None:
    """Time ran out on the payment screen. With money inside it never ends at the start: staff, and a way back."""
    account = account_of(turn)
    turn.set(still_there_s=None)
    if account is None or not account.held:
        cancel_payment(turn, None)
        return
    turn.do(SetAcceptance(turn.state.setup.acceptor, ()))
    hold(turn, "M-405")


def hold(turn: Turn, code: str) -> None:
    """Money is inside and the payment cannot go on: it stays held until it is asked for, and staff come."""
    turn.edit(is_cancelled=True, trouble=code)
    turn.set(is_staff_called=True)
    turn.do(StopTimer("stage"))
    turn.go(Phase.IN_TROUBLE)


def cash_lost(turn: Turn, event: DeviceLost) -> None:
    """A device went in the middle of the payment. The acceptor: nothing more can be put in."""
    device_lost(turn, event)
    if event.device != turn.state.setup.acceptor:
        return
    account = account_of(turn)
    if account is not None and account.held:
        hold(turn, "M-402")
    else:
        turn.edit(trouble="M-402")
        close_unissued(turn)


def acceptance_closed(turn: Turn, event: AcceptanceSet) -> None:
    turn.set(accepting=event.denominations)
    if not event.denominations:
        payment_closed(turn, event)


def payment_closed(turn: Turn, _: object) -> None:
    """The slot is shut, or its silence has lasted long enough."""
    turn.do(StopTimer("stage"))
    if turn.session.is_cancelled:
        give_back(turn, None)
    else:
        advance(turn)
