"""Notes of a visit: decided in escrow, credited when durable, never reset before a doubt is written down. Pure.

The order of events is docs/notes-in-a-visit.md. Every act that cannot be undone stands in table.FOLLOWS: StackNote
behind NoteIntended, AcknowledgeCredit behind NoteIn, AcknowledgePayout behind DispenseAdvanced, ResetNotePath behind
NotePathClearing.
"""

from __future__ import annotations

from kiosk.engine.state import Kiosk, Phase, Turn
from kiosk.engine.till import account_of
from kiosk.ids import DeviceId, OpId, TransactionId
from kiosk.journal.accounts import Note
from kiosk.journal.records import (
    DispenseAdvanced,
    IncidentOpened,
    NoteBack,
    NoteDoubted,
    NoteIn,
    NoteIntended,
    NotePathClearing,
    NoteStored,
    OwedOnSlip,
    Record,
    TransactionClosed,
)
from kiosk.money import Denomination, Yen
from kiosk.ports import (
    AcknowledgeCredit,
    AcknowledgePayout,
    DeviceFault,
    DeviceLost,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NoteInDoubt,
    NotePaid,
    NotePresented,
    NoteRefused,
    NoteRetracted,
    NoteReturned,
    NoteStacked,
    ResetNotePath,
    SetAcceptance,
    StackNote,
    StartNoteAcceptor,
    StartTimer,
    StopTimer,
    TimerExpired,
)

CASHBOX = DeviceId("cashbox")
STUCK = "M-407"
"""A note is inside and nobody knows whose it is: a person looks."""
REFUSED_RESET = "reset-refused"
_POWERED_UP = "powered-up"
"""Begins the codes of a device that was without power and waits to be reset."""


def has_unit(state: Kiosk) -> bool:
    return state.setup.note_acceptor != ""


def is_ready(state: Kiosk) -> bool:
    """The device has said that it can be opened, and says nothing else."""
    device = state.setup.note_acceptor
    return state.notes_open is not None and not any(each == device for each, _ in state.faults)


def trouble(state: Kiosk) -> str:
    """Why no note can be taken: empty, `reach` (the person can pull it out herself) or `staff`."""
    device = state.setup.note_acceptor
    faults = [fault for fault in state.faults if fault[0] == device]
    if not has_unit(state) or is_ready(state):
        return ""
    return "reach" if faults and all(each in state.within_reach for each in faults) else "staff"


def pending(state: Kiosk) -> tuple[Note, ...]:
    """Ordered in, and not known yet whether they are in."""
    return tuple(each for each in state.ledger.notes.values() if each.is_pending)


def newest_open(state: Kiosk) -> Note | None:
    return max(state.ledger.notes.values(), key=lambda each: each.seq, default=None)


# --- arriving, going, faults ------------------------------------------------------------------------------------------


def arrived(turn: Turn) -> None:
    """The first command of every arrival: what the journal knows of a note without an end."""
    device, note = turn.state.setup.note_acceptor, newest_open(turn.state)
    turn.set(notes_open=None, notes_wanted=(), is_path_due=False, unplaced=None)
    if note is None:
        turn.do(StartNoteAcceptor(device))
    else:
        turn.do(StartNoteAcceptor(device, note.op, note.denomination, note.is_credited, note.is_doubtful))


def lost(turn: Turn, event: DeviceLost) -> None:
    if has_unit(turn.state) and event.device == turn.state.setup.note_acceptor:
        turn.set(notes_open=None, notes_wanted=(), is_path_due=False, bezel=None, within_reach=frozenset())


def fault(turn: Turn, event: DeviceFault) -> None:
    """A fault of the note unit: notes close, coins go on. What has been without power waits for its reset."""
    state = turn.state
    if not has_unit(state) or event.device != state.setup.note_acceptor:
        return
    key = (event.device, event.code)
    if event.code == REFUSED_RESET:
        turn.set(faults=state.faults - {key})
        if not event.clear:
            turn.do(StartTimer("note-path", state.setup.timeouts.retry_s))
        return
    if event.is_within_reach and not event.clear:
        turn.set(within_reach=state.within_reach | {key})
    elif event.clear:
        turn.set(within_reach=state.within_reach - {key})
    if event.clear:
        return
    if event.code.startswith(_POWERED_UP):
        turn.set(is_path_due=True)
    elif not event.is_within_reach:
        turn.set(is_staff_called=turn.state.session is not None or state.is_staff_called)
        incidents = state.ledger.incidents.values()
        if not any(each.device == event.device and each.code == "M-402" for each in incidents):
            turn.record(
                IncidentOpened(turn.token(), "M-402", None, event.device, facts=(("code", event.code),))
            )


def path_again(turn: Turn, _: TimerExpired) -> None:
    """The reset was refused for a while: again, if it still is in its way."""
    turn.set(is_path_due=True)


def clear_path_when_free(turn: Turn) -> None:
    """After every event: reads first, reset last. No payout of its boxes may be open, no note undecided."""
    state = turn.state
    if not state.is_path_due or state.writing or state.journal_is_dead:
        return
    boxes = {hopper.device for hopper in state.setup.hoppers if hopper.denomination.is_note}
    if any(each.device in boxes for each in state.ledger.dispenses.values()) or pending(state):
        return
    turn.set(is_path_due=False)
    turn.record(NotePathClearing(state.setup.note_acceptor, _POWERED_UP))


def path_cleared(turn: Turn, record: NotePathClearing) -> None:
    turn.do(ResetNotePath(record.device))


# --- which notes may come -------------------------------------------------------------------------------------------


def let_in(turn: Turn, faces: tuple[Denomination, ...]) -> None:
    """Notes of these faces, from now on. Nothing is said twice."""
    state = turn.state
    wanted = tuple(each for each in faces if each.is_note)
    if has_unit(state) and state.notes_open is not None and wanted != state.notes_wanted:
        turn.set(notes_wanted=wanted)
        turn.do(SetAcceptance(state.setup.note_acceptor, wanted))


def shut(turn: Turn) -> bool:
    """True when the device will say that it is shut; one with a fault may not come to it."""
    state = turn.state
    if not has_unit(state) or state.notes_open is None:
        return False
    turn.set(notes_wanted=())
    turn.do(SetAcceptance(state.setup.note_acceptor, ()))
    return is_ready(state)


# --- a note that comes in ---------------------------------------------------------------------------------------------


def order_in(turn: Turn, event: NoteEscrowed) -> None:
    """It will be: the intent first."""
    account = account_of(turn)
    if account is not None:
        op = OpId(turn.token())
        turn.record(NoteIntended(op, event.device, event.denomination, event.issue, account.transaction))


def stack(turn: Turn, record: NoteIntended) -> None:
    """The intent is durable: in with it. It must be known before long what became of it."""
    turn.do(StackNote(record.op, record.device), StartTimer("note", turn.state.setup.timeouts.note_s))


def credited(turn: Turn, event: NoteCredited) -> None:
    """The device's word, perhaps not for the first time. One credit for one operation, whatever comes again."""
    note = turn.state.ledger.notes.get(event.op)
    if note is not None and not note.is_credited:
        turn.record(
            NoteIn(event.op, event.device, note.denomination, event.issue, event.unit, note.transaction)
        )
        return
    if note is None:  # a person has settled it otherwise: the device must go on, and she must know
        facts = (("code", "credit-after-end"),)
        turn.record(IncidentOpened(turn.token(), "M-404", None, event.device, event.denomination.face, facts))
    turn.do(AcknowledgeCredit(event.op, event.device))


def acknowledge(turn: Turn, record: NoteIn) -> None:
    """Its credit is durable: the device may forget it."""
    turn.do(AcknowledgeCredit(record.op, record.device), StopTimer("note"))


def stacked(turn: Turn, event: NoteStacked) -> None:
    """It lies somewhere for good. A device that was faster than our questions has not said where: its box is about to
    tell its count, and that says it."""
    note = turn.state.ledger.notes.get(event.op)
    if note is None or not note.is_credited:
        return
    boxes = [each for each in turn.state.setup.hoppers if each.denomination is note.denomination]
    if event.unit or not boxes:
        turn.record(NoteStored(event.op, event.device, event.unit))
    else:
        turn.set(unplaced=note.op)


def place(turn: Turn, event: HopperRead) -> None:
    """The count of a box, right after a note came to lie somewhere."""
    note = turn.state.ledger.notes.get(turn.state.unplaced) if turn.state.unplaced else None
    if note is None or event.denomination is not note.denomination or event.count < 0:
        return
    turn.set(unplaced=None)
    there = turn.state.ledger.units.get(event.device)
    booked = there.count[note.denomination] if there is not None else 0
    unit = note.unit
    if event.count == booked + 1 and note.unit != event.device:
        unit = event.device
    elif event.count == booked - 1 and note.unit == event.device:
        unit = CASHBOX
    turn.record(NoteStored(note.op, note.device, unit))


def returned(turn: Turn, event: NoteReturned) -> None:
    """It went back. Without an operation it never was money; the screen says that it is in the mouth."""
    _say(turn, "returned")
    note = turn.state.ledger.notes.get(event.op) if event.op else None
    if note is not None and not note.is_credited:
        turn.record(NoteBack(note.op, event.device, note.transaction, note.denomination, event.code))


def refused(turn: Turn, _: NoteRefused) -> None:
    _say(turn, "refused")


def _say(turn: Turn, what: str) -> None:
    if turn.state.session is not None and turn.state.phase is Phase.AWAITING_PAYMENT:
        turn.edit(note_said=what)


def in_doubt(turn: Turn, event: NoteInDoubt) -> None:
    note = turn.state.ledger.notes.get(event.op) if event.op else None
    if event.op and note is None:
        return  # it has ended by a person's word
    account = account_of(turn)
    transaction = note.transaction if note else account.transaction if account is not None else None
    turn.record(*_doubt(turn, note, event.code, transaction))


def _doubt(turn: Turn, note: Note | None, code: str, transaction: TransactionId | None) -> tuple[Record, ...]:
    device = turn.state.setup.note_acceptor
    amount = note.denomination.face if note is not None else Yen(0)
    op, face = (note.op, note.denomination) if note is not None else (OpId(""), None)
    return (
        NoteDoubted(op, device, code, transaction, face),
        IncidentOpened(turn.token(), STUCK, transaction, device, amount, (("code", code),)),
    )


def silent(turn: Turn, _: TimerExpired) -> None:
    """Ordered in, and no word of it for so long: UNKNOWN is a result."""
    records = [
        each for note in pending(turn.state) for each in _doubt(turn, note, "silent", note.transaction)
    ]
    if records:
        turn.record(*records)


def late(turn: Turn, record: NoteIn) -> None:
    """Its visit is over: the person has the number on paper, the money waits for her at the counter."""
    account = turn.state.ledger.accounts.get(record.transaction)
    if account is None or not account.is_open:
        incident = IncidentOpened(
            turn.token(), "M-404", device=record.device, amount=record.denomination.face
        )
        turn.record(incident)
        return
    owed = OwedOnSlip(account.transaction, turn.token()[:12], record.denomination.face, "unknown")
    closing = () if _is_open_otherwise(turn, record) else (TransactionClosed(account.transaction, "slip"),)
    turn.record(owed, *closing)


def close_if_over(turn: Turn, record: NoteBack) -> None:
    """The doubt of a visit that is over has ended without money: nothing waits for anybody."""
    account = turn.state.ledger.accounts.get(record.transaction)
    if not turn.state.recovered or account is None or not account.is_open:
        return
    is_over = all(line.is_booked or line.is_voided for line in account.lines.values())
    is_open = any(
        each.transaction == account.transaction and not each.is_credited
        for each in turn.state.ledger.notes.values()
    )
    if is_over and not is_open and not account.held and not account.in_doubt:
        turn.record(TransactionClosed(account.transaction, "cancelled"))


def _is_open_otherwise(turn: Turn, record: NoteIn) -> bool:
    account = turn.state.ledger.accounts[record.transaction]
    lines = account.lines.values()
    return (
        account.held != record.denomination.face
        or bool(account.note_doubt)
        or any(not line.is_booked and not line.is_voided for line in lines)
    )


# --- a note that goes out ---------------------------------------------------------------------------------------------


def presented(turn: Turn, event: NotePresented) -> None:
    """It waits in the bezel: ask aloud, and after a while call somebody. Not paid yet."""
    turn.set(bezel=event.op, is_bezel_late=False)
    turn.do(StartTimer("bezel", turn.state.setup.timeouts.bezel_s))


def bezel_waits(turn: Turn, _: TimerExpired) -> None:
    if turn.state.bezel is not None:
        turn.set(is_staff_called=True, is_bezel_late=True)


def out_of_bezel(turn: Turn) -> None:
    if turn.state.bezel is not None:
        turn.set(bezel=None, is_bezel_late=False)
        turn.do(StopTimer("bezel"))


def retracted(turn: Turn, event: NoteRetracted) -> None:
    """Nobody took it: it lies in the box again. The payout ends by the counts."""
    out_of_bezel(turn)
    session, intent = turn.state.session, turn.state.ledger.dispenses.get(event.op)
    if session is not None and intent is not None and intent.transaction == session.transaction:
        turn.edit(is_note_left=True)


def paid(turn: Turn, event: NotePaid) -> None:
    """`paid` notes are out: durable, then the device goes on."""
    out_of_bezel(turn)
    intent = turn.state.ledger.dispenses.get(event.op)
    if intent is None:
        return
    if event.paid > intent.advanced:
        turn.record(
            DispenseAdvanced(intent.op, intent.transaction, intent.device, intent.denomination, event.paid)
        )
    else:
        turn.do(AcknowledgePayout(event.op, event.device, event.paid))


def acknowledge_paid(turn: Turn, record: DispenseAdvanced) -> None:
    turn.do(AcknowledgePayout(record.op, record.device, record.paid))
