"""Money in: what may be put in, and a credit when its record is durable. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.changer import accept_mask
from kiosk.engine import notes, printers
from kiosk.engine.inner import RoomJudged
from kiosk.engine.payout import close_unissued, give_back
from kiosk.engine.service import (
    RESTING,
    acceptance_set,
    cashless_is_up,
    device_lost,
    room_judged,
    stop_reason,
)
from kiosk.engine.session import advance, notify
from kiosk.engine.state import Phase, Turn
from kiosk.engine.till import HELD_CODES, account_of, recycled, stock
from kiosk.engine.voiding import is_cashless
from kiosk.ids import OpId
from kiosk.journal.accounts import Account
from kiosk.journal.records import (
    AcceptorEpoch,
    CoinIn,
    CounterMoved,
    CreditsUnknown,
    IncidentOpened,
    NoteBack,
    NoteDoubted,
    NoteIn,
    NoteIntended,
    OrderedLine,
    TransactionOpened,
)
from kiosk.money import Denomination, Yen
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    AcknowledgeCredit,
    CoinAccepted,
    CoinRefused,
    CreditsLost,
    DeviceLost,
    Document,
    NoteEscrowed,
    ReturnNote,
    SetAcceptance,
    StartTimer,
    StopTimer,
    TimerExpired,
)


def open_transaction(turn: Turn, _: object) -> None:
    """「はい、支払いへ」: everything that is needed later is looked at now, before a coin is taken."""
    reason, code = stop_reason(turn.state)
    if not reason:
        code = printers.obstacle(turn.state, papers(turn))
    if code:
        if code == "R-505":
            turn.set(is_staff_called=True)
        notify(turn, code)
        return
    session = turn.session
    if session.total and not accepted_now(turn, Yen(0)) and not cashless_is_up(turn.state):
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


def papers(turn: Turn) -> tuple[Document, ...]:
    """What is to be printed in this visit, in its order."""
    return tuple(line.document for line in turn.session.lines if line.document is not None)


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
    faces = accepted_now(turn, Yen(0))
    _open(turn, _of_acceptor(turn, faces))
    notes.let_in(turn, faces)


def _of_acceptor(turn: Turn, faces: tuple[Denomination, ...]) -> tuple[Denomination, ...]:
    """Of these, what the acceptor takes: coins; a change machine takes all."""
    return faces if turn.state.setup.has_changer else tuple(each for each in faces if not each.is_note)


def _open(turn: Turn, faces: tuple[Denomination, ...]) -> None:
    """What a change machine holds is not known again before its deposit is over."""
    setup = turn.state.setup
    turn.do(SetAcceptance(setup.acceptor, faces))
    turn.set(was_lost_open=False)
    if faces and setup.has_changer:
        turn.set(unread=turn.state.unread | {hopper.device for hopper in setup.hoppers})


def accepted_now(turn: Turn, inserted: Yen) -> tuple[Denomination, ...]:
    """Which faces may be put in: only those whose overpayment, or cancel, we can give back."""
    inserted += Yen.sum(each.denomination.face for each in notes.pending(turn.state))
    return _faces_for(turn, turn.session.total, [line.fee for line in turn.session.lines], inserted)


def _faces_for(turn: Turn, total: Yen, fees: Sequence[Yen], inserted: Yen) -> tuple[Denomination, ...]:
    setup = turn.state.setup
    faces = setup.faces
    if not setup.has_changer and not notes.is_ready(turn.state):
        faces = tuple(each for each in faces if not each.is_note)
    return accept_mask(
        total,
        inserted,
        stock(turn),
        faces,
        keeps=_partial_sums(fees),
        recycled=recycled(turn),
        is_bulk=setup.has_changer,
    )


def watch_change(turn: Turn) -> None:
    """Between people: whether any of the town's fees could be paid in cash now, so that nobody begins in vain."""
    state = turn.state
    if state.phase not in RESTING or not state.recovered or state.issuance is None:
        return
    fees = {Yen(here) for _, here, _ in state.issuance.prices if here}
    turn.set(is_change_short=bool(fees) and not any(_faces_for(turn, fee, (fee,), Yen(0)) for fee in fees))


def set_slots(turn: Turn, _: object = None) -> None:
    """While money is awaited: open both slots for what may come now, as far as that has changed."""
    account = account_of(turn)
    if account is None or turn.state.phase is not Phase.AWAITING_PAYMENT:
        return
    faces = accepted_now(turn, account.inserted.total)
    coins = _of_acceptor(turn, faces)
    if coins != turn.state.accepting:
        _open(turn, coins)
    notes.let_in(turn, faces)


def _partial_sums(fees: Sequence[Yen]) -> set[Yen]:
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
    """A credit told late, after a restart, belongs to the one transaction that had the slot open. One that only waits
    for a person (a paper in doubt) had not."""
    state = turn.state
    paying = [e for e in state.ledger.open_transactions if was_paying(e) and not is_cashless(state, e)]
    found = paying or state.ledger.open_transactions
    return found[0] if len(found) == 1 else None


def note_escrowed(turn: Turn, event: NoteEscrowed) -> None:
    """A note is held: in with it if its overpayment, or a cancel, can be given back; else it is the person's again."""
    account = account_of(turn)
    if (
        turn.state.phase is not Phase.AWAITING_PAYMENT
        or account is None
        or event.denomination not in accepted_now(turn, account.inserted.total)
    ):
        turn.do(ReturnNote(event.device))
        return
    turn.edit(note_said="")
    notes.order_in(turn, event)


def note_intended(turn: Turn, record: NoteIntended) -> None:
    """It counts for what else may come, from here on."""
    notes.stack(turn, record)
    set_slots(turn)


def note_in(turn: Turn, record: NoteIn) -> None:
    notes.acknowledge(turn, record)
    session = turn.state.session
    if session is None or session.transaction != record.transaction or _is_over(turn):
        if turn.state.recovered:
            notes.late(turn, record)
        return
    credited(turn, record)
    shut_now(turn)


def _is_over(turn: Turn) -> bool:
    """Nothing more of this visit is paid out by itself, or by her touch."""
    if turn.state.phase is Phase.IN_TROUBLE:
        return turn.session.trouble not in HELD_CODES
    return turn.state.phase in (Phase.TAKING_THINGS, Phase.FINISHED, Phase.NOTIFIED)


def note_ended(turn: Turn, record: NoteBack) -> None:
    """It is the person's again."""
    turn.do(StopTimer("note"))
    session = turn.state.session
    if session is None or session.transaction != record.transaction:
        notes.close_if_over(turn, record)
        return
    _go_on(turn)
    shut_now(turn)


def note_doubted(turn: Turn, record: NoteDoubted) -> None:
    """Nobody knows whether it is in: no more money is taken. What is certain goes back, the rest stands on paper."""
    turn.do(StopTimer("note"))
    session = turn.state.session
    if session is None or session.transaction != record.transaction:
        return
    turn.set(is_staff_called=True)
    if not record.op:
        turn.edit(is_uncounted=True, trouble="M-404")
    elif turn.state.phase in (Phase.AWAITING_PAYMENT, Phase.CLOSING_PAYMENT):
        turn.edit(is_cancelled=True, trouble=notes.STUCK)
        if turn.state.phase is Phase.AWAITING_PAYMENT:
            close_acceptance(turn)
        else:
            shut_now(turn)


def coin_in(turn: Turn, record: CoinIn) -> None:
    if turn.state.setup.has_changer:  # its credit is durable: the machine may make it its own
        turn.do(AcknowledgeCredit(OpId(f"{record.epoch}/{record.seq}"), record.device))
    credited(turn, record)


def credited(turn: Turn, record: CoinIn | NoteIn) -> None:
    if record.transaction is None:
        turn.record(
            IncidentOpened(turn.token(), "M-404", device=record.device, amount=record.denomination.face)
        )
        return
    if turn.state.phase is Phase.AWAITING_PAYMENT:
        turn.edit(note_said="")
        _go_on(turn)


def _go_on(turn: Turn) -> None:
    """Money is awaited: enough of it, or both slots as they have to stand now."""
    account = account_of(turn)
    if account is None or turn.state.phase is not Phase.AWAITING_PAYMENT:
        return
    if not account.remaining and not notes.pending(turn.state):
        close_acceptance(turn)
        return
    set_slots(turn)


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
    was_shut = not (state.accepting or state.was_lost_open) and not any(
        (was_paying(each) and not is_cashless(state, each))
        or (state.setup.has_changer and each.inserted)  # credited, and perhaps not the machine's yet
        for each in state.ledger.open_transactions
    )
    # No transaction, no open slot: a night without power swallowed nothing.
    at_most = 0 if was_shut else event.at_most
    turn.set(was_lost_open=False)
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
    setup = turn.state.setup
    turn.go(Phase.CLOSING_PAYMENT)
    turn.do(SetAcceptance(setup.acceptor, ()))
    awaited = {setup.acceptor, setup.note_acceptor} if notes.shut(turn) else {setup.acceptor}
    turn.edit(closing=frozenset(awaited))
    turn.do(StartTimer("stage", setup.timeouts.closing_s))


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
    shut_slots(turn)
    hold(turn, "M-405")


def shut_slots(turn: Turn) -> None:
    turn.do(SetAcceptance(turn.state.setup.acceptor, ()))
    notes.shut(turn)


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
        set_slots(turn)
        return
    account = account_of(turn)
    if notes.pending(turn.state):  # it is decided before anything is concluded
        turn.edit(trouble="M-402")
        cancel_payment(turn, None)
    elif account is not None and account.held:
        notes.shut(turn)
        hold(turn, "M-402")
    else:
        notes.shut(turn)
        turn.edit(trouble="M-402")
        close_unissued(turn)


def acceptance_changed(turn: Turn, event: AcceptanceSet) -> None:
    """A note unit shuts by itself after a fault or a reset: it is to be opened again while money is awaited."""
    acceptance_set(turn, event)
    if event.device == turn.state.setup.note_acceptor:
        set_slots(turn)


def acceptance_closed(turn: Turn, event: AcceptanceSet) -> None:
    acceptance_set(turn, event)
    if not event.denominations:
        turn.edit(closing=turn.session.closing - {event.device})
        shut_now(turn)


def closing_is_slow(turn: Turn, _: TimerExpired) -> None:
    """A slot's silence has lasted long enough; a note that is on its way has not, its own timer ends that."""
    turn.edit(closing=frozenset())
    if notes.pending(turn.state):
        turn.do(StartTimer("stage", turn.state.setup.timeouts.closing_s))
    else:
        shut_now(turn)


def shut_now(turn: Turn) -> None:
    """Every slot is shut and no note is undecided: on, or the money back."""
    if turn.state.phase is not Phase.CLOSING_PAYMENT or turn.session.closing or notes.pending(turn.state):
        return
    turn.do(StopTimer("stage"))
    if turn.session.is_cancelled:
        give_back(turn, None)
    else:
        advance(turn)
