"""Break-glass: where nobody alone can be believed, two different people open the staff desk together. Pure.

Each of the two is proven in one of three ways:

    card   a card of the list and its PIN; its certificate's time may not hold (the clock may be what is wrong)
    code   a sealed code out of the town's safe (kiosk/sealed.py): no card, no reader and no list is needed for it
    desk   already at the desk

A second good card alone is a colleague and no break-glass: it begins with a card out of its time, or with a code. The
desk is then that of the one who may do more, and of no role that neither of them has; cash wants that one be a cash
officer. It ends after a quarter of an hour. It is an incident, which a cash officer closes at another desk, a message
to the town's log server, and on the staff page within a status report. A code is used up when it was entered, whether
or not somebody comes after.
"""

from __future__ import annotations

from kiosk import badges, sealed
from kiosk.engine import desk
from kiosk.engine.state import Half, Kiosk, Login, Phase, Turn
from kiosk.intents import CloseIncident, StaffIntent
from kiosk.journal.records import IncidentOpened, SealUsed, StaffRefused
from kiosk.ports import ChallengeSigned, CodeRejected, CodeSigned
from kiosk.treasury.acts import Staff

HALF_S = 180.0
"""For the second of two to come."""
TIME_INCIDENT, FORCED_INCIDENT = "X-604", "X-608"
BY_TWO = (TIME_INCIDENT, FORCED_INCIDENT)
CODES = "sealed-codes"
"""Whose the wrong codes are, until somebody has entered a right one."""


# --- who it is --------------------------------------------------------------------------------------------------------


def signed(turn: Turn, event: ChallengeSigned) -> None:
    """The card of the list has signed: alone where its time holds, else as one of two."""
    login = turn.state.login
    if login is None or event.op != login.op or login.member is None:
        return
    who = Staff(login.member.id, login.member.role)
    if not badges.has_signed(login.certificate, login.message, event.signature):
        turn.record(StaffRefused(who.id, "signature"))
        desk.refuse(turn, "signature")
        return
    is_in_time = desk.is_in_time(turn, login.certificate)
    first = _first(turn.state, who)
    if first is not None and (not is_in_time or first.how != "desk"):
        _open_together(turn, first, Half(who, "card"))
    elif is_in_time:
        desk.enter(turn, who)
    else:
        turn.set(half=Half(who, "card", turn.state.now_s + HALF_S))
        turn.record(StaffRefused(who.id, "time"))
        desk.refuse(turn, "time")


def may_ask_code(state: Kiosk) -> bool:
    """There is a code that was not used, and no other way in here: nobody stands at an open login, and whoever has no
    card that works was told so, is at the desk already, or cannot lay one anywhere.
    """
    if not desk.unused_seals(state) or state.journal_is_dead:
        return False
    if state.phase is Phase.STAFF_LOGIN:
        login = state.login
        return login is not None and login.stage == "refused" and not desk.is_card_in(state)
    readers = {state.setup.card_reader, state.setup.staff_reader} - {""}
    return state.phase is Phase.STAFF_DESK or not readers & state.up


def ask_code(turn: Turn, _: object) -> None:
    turn.set(login=Login("opening", None, reader=turn.state.setup.card_reader, is_code=True))
    turn.go(Phase.STAFF_LOGIN)
    desk.open_or_wait(turn, CODES)


def code_rejected(turn: Turn, _: CodeRejected) -> None:
    if turn.state.login is not None and turn.state.login.is_code:
        desk.was_wrong(turn, CODES, "code")


def code_signed(turn: Turn, event: CodeSigned) -> None:
    login = turn.state.login
    if login is None or not login.is_code or event.op != login.op:
        return
    seal = sealed.signer(desk.unused_seals(turn.state), event.public, login.message, event.signature)
    if seal is None:
        turn.record(StaffRefused(CODES, "signature"))
        desk.refuse(turn, "signature")
        return
    turn.record(SealUsed(seal.id, seal.holder, seal.role.value))
    who = Staff(seal.holder, seal.role)
    first = _first(turn.state, who)
    if first is not None:
        _open_together(turn, first, Half(who, "code"))
        return
    turn.set(half=Half(who, "code", turn.state.now_s + HALF_S))
    desk.refuse(turn, "second")


def is_about_itself(state: Kiosk, act: StaffIntent) -> bool:
    """Two people opened this desk together, and the incident that says so is not closed at it."""
    if state.desk is None or not state.desk.is_forced or not isinstance(act, CloseIncident):
        return False
    known = state.ledger.incidents.get(act.incident)
    return known is not None and known.code in BY_TWO


# --- two --------------------------------------------------------------------------------------------------------------


def _first(state: Kiosk, second: Staff) -> Half | None:
    """Another person who has been proven, now or at this desk."""
    half = state.half
    if half is not None and half.until_s > state.now_s and half.staff.id != second.id:
        return half
    at_desk = state.desk
    if at_desk is not None and at_desk.staff.id != second.id:
        return Half(at_desk.staff, "desk")
    return None


def _open_together(turn: Turn, first: Half, second: Half) -> None:
    """An incident says who, and how each was known. Of two who may do the same it is the first one's desk."""
    turn.set(half=None)
    code = FORCED_INCIDENT if "code" in (first.how, second.how) else TIME_INCIDENT
    facts = (
        ("first", first.staff.id),
        ("first_by", first.how),
        ("second", second.staff.id),
        ("second_by", second.how),
    )
    turn.record(IncidentOpened(turn.token(), code, facts=facts))
    people = (first.staff, second.staff)
    desk.enter(turn, *sorted(people, key=lambda each: -sealed.ROLES.index(each.role)))
