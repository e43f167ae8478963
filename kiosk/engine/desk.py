"""Staff log in with a card of their own, and have the resident's display until they leave. Pure.

    card on the reader -> PIN (or, for a floor assistant, the touch alone) -> the card's signature -> card back -> desk

Who somebody is rests on four things: a card whose certificate is on the machine's list, its PIN (which the card judges
and counts), a signature over a nonce of this login, and the certificate's time. A wrong PIN is written down and makes
the next try wait longer; the count outlives a power cut. Two people who are not all proven so open it together
(two_people.py). No network is asked for anything.

In the middle of a visit a staff card shows nothing and does nothing; only a floor assistant's touch marks the screen.
A machine may have a second reader for staff: what lies there is never a resident's, and nothing of it reaches a visit.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import badges, intents, sealed
from kiosk.engine import desk_tests, helping, identity, number, service, session, staff
from kiosk.engine.inner import Asked
from kiosk.engine.state import Desk, FaceWay, Kiosk, Login, Phase, Turn
from kiosk.ids import DeviceId, OpId
from kiosk.journal.records import StaffHelped, StaffLeft, StaffRefused
from kiosk.ports import (
    CardFailed,
    CardInserted,
    CardRead,
    CardRemoved,
    CardUnreadable,
    ChallengeSigned,
    ClosePinSlot,
    DigitsEntered,
    EndCardSession,
    OpenCodeSlot,
    OpenPinSlot,
    PinAccepted,
    PinBlocked,
    PinRejected,
    PinSlotClosed,
    PinSlotOpened,
    ProveTap,
    SecretKind,
    SignChallenge,
    StaffCardRead,
    StartTimer,
    StopTimer,
    TimerExpired,
)
from kiosk.sealed import Envelope
from kiosk.treasury.acts import Staff
from kiosk.view import Role

AT_DESK = (Phase.STAFF_LOGIN, Phase.STAFF_DESK)
LOGIN, IDLE, END = "login", "desk-idle", "desk-end"
"""Timers."""

DELAY_S, DELAY_MOST_S = 5.0, 600.0
TYPING_S = 120.0
"""Whoever types nothing that is right by then is not there: the machine is the residents'."""
TOLD_S = 20.0
"""A refusal stands so long after the card was taken."""
FORCED_S = 900.0
"""For two people who opened the desk together; not longer than for one."""


def delay_s(wrong: int) -> float:
    """Before the next try after so many wrong PINs since the last login: 0, 5, 10, 20 … s, ten minutes at most."""
    return min(DELAY_MOST_S, DELAY_S * 2 ** (min(wrong, 16) - 1)) if wrong else 0.0


def actor(state: Kiosk, role: Role) -> Role:
    """Who stands at this role's display: the desk's person at the resident's."""
    if role is Role.RESIDENT and state.phase is Phase.STAFF_DESK and state.desk is not None:
        return state.desk.staff.role
    return role


# --- a card is there --------------------------------------------------------------------------------------------------


def card_met(turn: Turn, event: StaffCardRead) -> None:
    """At rest a login begins; in a visit only a floor assistant's touch means something."""
    note_card(turn, event.device, is_there=True)
    state = turn.state
    if _begins_tap(turn, event):
        return
    is_a_test = desk_tests.is_of_reader(state, event.device)
    if is_a_test or state.phase not in service.AT_REST or _is_busy_elsewhere(state, event.device):
        turn.do(EndCardSession(event.device))
    else:
        _begin(turn, event)


def _is_busy_elsewhere(state: Kiosk, reader: DeviceId) -> bool:
    """Somebody logs in with a card on the other reader: one after the other."""
    login = state.login
    is_here = login is None or login.reader == reader
    return state.phase is Phase.STAFF_LOGIN and not is_here and is_card_in(state)


def note_card(turn: Turn, reader: DeviceId, *, is_there: bool) -> None:
    """Something came to this reader, or went; no resident's card, at a moment when nobody is asked for one."""
    if reader == turn.state.setup.staff_reader:
        turn.set(staff_card_is_present=is_there)
    elif is_there:
        turn.set(card_is_present=True, card=None)
    else:
        turn.set(card_is_present=False, card=None, card_stayed=False)


def is_card_in(state: Kiosk) -> bool:
    """The card of who is logging in, or was refused, is still on its reader."""
    if reader_of(state) == state.setup.card_reader:
        return state.card_is_present
    return state.staff_card_is_present


def reader_of(state: Kiosk) -> DeviceId:
    """Where whoever is logging in has laid their card."""
    login = state.login
    return login.reader if login is not None and login.reader else state.setup.card_reader


def other_card(turn: Turn, event: CardRead) -> None:
    """A resident's card while staff have the display, or on the staff's reader: nothing of it is kept."""
    note_card(turn, event.device, is_there=True)
    turn.do(EndCardSession(event.device))


def staff_reader_news(turn: Turn, event: CardInserted | CardUnreadable | CardRemoved) -> None:
    """On the staff's own reader, whatever a resident is doing: noted, and nothing else but that reader's test."""
    note_card(turn, event.device, is_there=not isinstance(event, CardRemoved))
    if isinstance(event, CardInserted):
        desk_tests.card_seen(turn, event)


def card_met_while_waiting(turn: Turn, event: StaffCardRead) -> None:
    """The machine waits for a resident's card: this is another card, whoever's it is."""
    turn.set(card_is_present=True, card=None)
    if not _begins_tap(turn, event):
        session.notify(turn, "C-102")


def card_gone_while_waiting(turn: Turn, event: CardRemoved) -> None:
    """The process that held 照合番号B ends with the card that it saw."""
    identity.note_removed(turn, event)
    if turn.session.face.way is FaceWay.CAMERA:
        number.number_forgotten(turn, event)


def _begin(turn: Turn, event: StaffCardRead) -> None:
    setup = turn.state.setup
    member = badges.member_of(event.certificate, setup.staff, setup.staff_authorities)
    login = Login("opening", member, event.certificate, event.device, attempts_left=event.attempts_left)
    turn.set(login=login)
    turn.go(Phase.STAFF_LOGIN)
    turn.do(StopTimer(LOGIN))
    if turn.state.journal_is_dead:
        refuse(turn, "journal")
    elif member is None or member.role is Role.ASSISTANT:
        refuse(turn, "unknown")
    elif not event.attempts_left:
        turn.record(StaffRefused(member.id, "blocked"))
        refuse(turn, "blocked")
    else:
        open_or_wait(turn, member.id)


def open_or_wait(turn: Turn, who: str) -> None:
    """`who`: whose wrong ones count. The delay runs from the last of this life; after a power cut it begins anew."""
    now_s, wrong = turn.state.now_s, turn.state.ledger.wrong_pins.get(who, 0)
    known = dict(turn.state.wrong_at_s)
    if wrong and who not in known:
        turn.set(wrong_at_s=(*turn.state.wrong_at_s, (who, now_s)))
    ends_at_s = known.get(who, now_s) + delay_s(wrong)
    if wrong and ends_at_s > now_s:
        edit(turn, stage="wait", slot="", ends_at_s=ends_at_s)
        turn.do(StartTimer(LOGIN, ends_at_s - now_s))
    else:
        _open(turn)


def _open(turn: Turn) -> None:
    edit(turn, stage="opening", slot="", digits=0)
    turn.do(StartTimer(LOGIN, TYPING_S))
    reader = reader_of(turn.state)
    if turn.state.login is not None and turn.state.login.is_code:
        op = OpId(turn.token())
        message = sealed.challenge(turn.state.setup.kiosk, turn.token())
        edit(turn, op=op, message=message)
        keys = tuple(each.key for each in unused_seals(turn.state))
        number.ask_slot(turn, OpenCodeSlot(reader, op, message, keys))
    else:
        number.ask_slot(turn, OpenPinSlot(reader, SecretKind.STAFF))


def unused_seals(state: Kiosk) -> tuple[Envelope, ...]:
    """Sealed codes that still open something: each does once."""
    return tuple(each for each in state.setup.seals if each.id not in state.ledger.seals_used)


def timer(turn: Turn, _: TimerExpired) -> None:
    """A delay is over, a refusal was read, nobody typed, or a card was left."""
    login = turn.state.login
    if login is None:
        return
    if login.stage == "wait":
        _open(turn)
    elif login.stage in ("refused", "back") and is_card_in(turn.state):
        turn.set(is_staff_called=True)  # the card was left: nobody else can be served before it is taken
    elif login.stage == "refused":
        leave_login(turn, None)
    elif login.stage in ("opening", "pin"):
        turn.do(ClosePinSlot(reader_of(turn.state)))
        refuse(turn, "late")


def edit(turn: Turn, **changes: object) -> None:
    if turn.state.login is not None:
        turn.set(login=replace(turn.state.login, **changes))


def refuse(turn: Turn, code: str) -> None:
    """Say why, and wait for the card to be taken."""
    edit(turn, stage="refused", code=code, slot="")
    turn.do(EndCardSession(reader_of(turn.state)))
    turn.do(StartTimer(LOGIN, turn.state.setup.timeouts.card_lock_s))


# --- the PIN ----------------------------------------------------------------------------------------------------------


def slot_opened(turn: Turn, event: PinSlotOpened) -> None:
    edit(
        turn,
        stage="pin",
        slot=event.slot,
        shortest=event.min_length,
        longest=event.max_length,
        attempts_left=event.attempts_left,
        digits=0,
    )


def digits_entered(turn: Turn, event: DigitsEntered) -> None:
    login = turn.state.login
    if login is not None and event.slot == login.slot:
        edit(turn, digits=event.count)


def slot_closed(turn: Turn, event: PinSlotClosed) -> None:
    login = turn.state.login
    if login is not None and event.slot == login.slot:
        refuse(turn, "late")


def pin_rejected(turn: Turn, event: PinRejected) -> None:
    login = turn.state.login
    if login is None or login.member is None:
        return
    edit(turn, attempts_left=event.attempts_left)
    was_wrong(turn, login.member.id, "pin", is_last=not event.attempts_left)


def was_wrong(turn: Turn, who: str, reason: str, *, is_last: bool = False) -> None:
    """Written down first, so that it counts over a power cut; then the next try, after a while."""
    others = tuple(each for each in turn.state.wrong_at_s if each[0] != who)
    turn.set(wrong_at_s=(*others, (who, turn.state.now_s)))
    turn.record(StaffRefused(who, reason))
    edit(turn, was_wrong=True)
    if is_last:
        refuse(turn, "blocked")
    else:
        wrong = turn.state.ledger.wrong_pins.get(who, 0) + 1
        ends_at_s = turn.state.now_s + delay_s(wrong)
        edit(turn, stage="wait", slot="", ends_at_s=ends_at_s)
        turn.do(StartTimer(LOGIN, ends_at_s - turn.state.now_s))


def pin_blocked(turn: Turn, _: PinBlocked) -> None:
    login = turn.state.login
    if login is not None and login.member is not None:
        turn.record(StaffRefused(login.member.id, "blocked"))
    refuse(turn, "blocked")


def pin_accepted(turn: Turn, _: PinAccepted) -> None:
    op = OpId(turn.token())
    message = badges.challenge(turn.state.setup.kiosk, turn.token())
    edit(turn, stage="signing", slot="", op=op, message=message)
    turn.do(SignChallenge(reader_of(turn.state), op, message))


# --- who it is --------------------------------------------------------------------------------------------------------


def is_in_time(turn: Turn, certificate: bytes) -> bool:
    validity = badges.validity_of(certificate)
    return validity is not None and validity.holds(turn.state.wall)


def enter(turn: Turn, *people: Staff) -> None:
    """Who they are is proven. Two: they open it together, and it is the first one's desk."""
    for each in people:
        staff.act(turn, each, intents.EnterStaff())
    edit(turn, stage="back", entered=people)
    if not is_card_in(turn.state):
        sit_down(turn, people)
        return
    turn.do(EndCardSession(reader_of(turn.state)))
    turn.do(StartTimer(LOGIN, turn.state.setup.timeouts.card_lock_s))


def card_removed(turn: Turn, event: CardRemoved) -> None:
    """The desk begins when the card is back in its owner's hand, and not before."""
    note_card(turn, event.device, is_there=False)
    if event.device != reader_of(turn.state):
        return
    turn.set(is_staff_called=False)
    login = turn.state.login
    if login is None or login.stage == "refused":
        turn.do(StartTimer(LOGIN, TOLD_S))
    elif login.stage == "back":
        sit_down(turn, login.entered)
    elif login.is_code:
        _open(turn)  # its slot went with the process that saw a card
    else:
        leave_login(turn, event)


def card_failed(turn: Turn, event: CardFailed) -> None:
    login = turn.state.login
    if login is not None and event.device == login.reader and login.stage not in ("refused", "back"):
        refuse(turn, "card")


def leave_login(turn: Turn, _: object) -> None:
    """Nobody, or not this one: back to where the display was."""
    turn.do(StopTimer(LOGIN))
    if turn.state.login is not None and turn.state.login.is_code:
        turn.do(ClosePinSlot(reader_of(turn.state)))
    turn.do(EndCardSession(reader_of(turn.state)))
    turn.set(login=None)
    if turn.state.desk is not None:
        turn.go(Phase.STAFF_DESK)
    else:
        _to_rest(turn)


def _to_rest(turn: Turn) -> None:
    turn.go(Phase.IDLE if turn.state.recovered else Phase.STARTING)


# --- the desk ---------------------------------------------------------------------------------------------------------


def sit_down(turn: Turn, people: tuple[Staff, ...]) -> None:
    turn.do(StopTimer(LOGIN))
    turn.set(login=None, is_staff_called=False)
    turn.go(Phase.STAFF_DESK)
    desk, (who, *others) = turn.state.desk, people
    if others:  # two together, in place of whoever was there
        turn.set(desk=Desk(who, turn.state.now_s, beside=others[0].id, is_forced=True))
        turn.do(StartTimer(END, min(FORCED_S, turn.state.setup.timeouts.desk_max_s)))
    elif desk is not None:  # a colleague beside the one who is there
        beside = who.id if who.id != desk.staff.id else desk.beside
        turn.set(desk=replace(desk, beside=beside, said=("", ""), is_refused=False))
    else:
        turn.set(desk=Desk(who, turn.state.now_s))
        turn.do(StartTimer(END, turn.state.setup.timeouts.desk_max_s))
    turn.do(StartTimer(IDLE, turn.state.setup.timeouts.desk_idle_s))


def touched(turn: Turn, event: object) -> None:
    """After every event: a touch at the desk keeps its person there."""
    desk = turn.state.desk
    if desk is None or turn.state.phase is not Phase.STAFF_DESK or not isinstance(event, Asked):
        return
    turn.do(StartTimer(IDLE, turn.state.setup.timeouts.desk_idle_s))
    until_s = turn.state.now_s + turn.state.setup.timeouts.staff_s
    turn.set(
        present=tuple(
            replace(each, until_s=until_s) if each.staff.id == desk.staff.id else each
            for each in turn.state.present
        )
    )


def leave(turn: Turn, event: object) -> None:
    """Asked for, silent for too long, or too long in all: the display is the residents' again."""
    desk = turn.state.desk
    if desk is None:
        return
    reason = "time" if isinstance(event, TimerExpired) else "left"
    is_asked = turn.state.login is not None and turn.state.login.is_code
    here = {desk.staff.id, desk.beside}
    gone = [each.staff.id for each in turn.state.present if each.staff.id in here]
    turn.set(
        desk=None,
        login=None,
        present=tuple(each for each in turn.state.present if each.staff.id not in here),
    )
    if gone and not turn.state.journal_is_dead:
        turn.record(*(StaffLeft(each, reason) for each in gone))
    turn.do(StopTimer(IDLE), StopTimer(END), StopTimer(LOGIN))
    if turn.state.camera_is_allowed:
        session.forbid_camera(turn)
    if is_asked:
        turn.do(ClosePinSlot(turn.state.setup.card_reader))
    if turn.state.card_is_present:
        turn.do(EndCardSession(turn.state.setup.card_reader))
    if turn.state.staff_card_is_present:
        turn.do(EndCardSession(turn.state.setup.staff_reader))
    _to_rest(turn)


# --- a floor assistant's touch ----------------------------------------------------------------------------------------


def _begins_tap(turn: Turn, event: StaffCardRead) -> bool:
    """Ask the card of a floor assistant to prove itself; False: it is not one's."""
    setup = turn.state.setup
    member = badges.member_of(event.tap_certificate, setup.staff, setup.staff_authorities)
    if member is None or member.role is not Role.ASSISTANT or turn.state.phase in AT_DESK:
        return False
    op = OpId(turn.token())
    message = badges.challenge(setup.kiosk, turn.token())
    turn.set(login=Login("tapped", member, event.tap_certificate, event.device, op=op, message=message))
    turn.do(ProveTap(event.device, op, message))
    return True


def tap_signed(turn: Turn, event: ChallengeSigned) -> None:
    """The screen is marked: somebody helps. A second touch ends it. Nobody there: a visit with help begins."""
    login = turn.state.login
    if login is None or login.stage != "tapped" or event.op != login.op or login.member is None:
        return
    turn.set(login=None)
    turn.do(EndCardSession(event.device))
    is_right = badges.has_signed(login.certificate, login.message, event.signature)
    if not is_right or (turn.state.clock_is_good and not is_in_time(turn, login.certificate)):
        return
    if turn.state.phase is Phase.IDLE:
        session.begin(turn, event)
    visit = turn.state.session
    if visit is None:
        return
    if turn.state.manners.is_helped:
        helping.end_help(turn, event)
    else:
        helping.begin_help(turn, event)
        turn.set(manners=replace(turn.state.manners, is_helper_here=True))
        turn.edit(is_assisted=True)
    turn.record(StaffHelped(visit.transaction, "Badge"))
