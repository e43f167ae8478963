"""Acts of staff while the core runs: who may, and when. Pure.

What an act writes is kiosk.treasury.acts' word; here is only the moment: never while a resident is being served, and
a cash path is opened by a technician only while a cash officer stands beside him.
"""

from __future__ import annotations

from kiosk import intents
from kiosk.engine.inner import AnswerStaff, StaffAsked, StaffSlipAsked
from kiosk.engine.service import AT_REST
from kiosk.engine.state import Kiosk, Present, Turn
from kiosk.ids import DeviceId, OpId
from kiosk.journal.records import AnyRecord, StaffLeft, UnitBefore
from kiosk.money import NO_CASH, Cash, Denomination
from kiosk.ports import PrintSlip
from kiosk.slips import JST
from kiosk.treasury.acts import Scene, Staff, perform
from kiosk.treasury.refusals import Refusal, refusal
from kiosk.view import Role

PRESENCE = (intents.EnterStaff, intents.LeaveStaff)
"""Coming and going touches nothing of a resident's visit, and is possible at any moment."""


NOBODY = Staff("", Role.RESIDENT)


def staff_asked(turn: Turn, event: StaffAsked) -> None:
    """From `kiosk-cash`: write it down and say so, or say why not."""
    found = act(turn, event.staff, event.intent)
    if isinstance(found, Refusal):
        turn.do(AnswerStaff(event.request, found))
    else:
        turn.do(AnswerStaff(event.request, None, found))


def act(turn: Turn, staff: Staff, intent: intents.StaffIntent) -> Refusal | tuple[AnyRecord, ...]:
    """One act of an identified person: its records, which are being written; or why not."""
    refused = _moment(turn.state, intent)
    if refused is not None:
        return refused
    found = perform(turn.state.ledger, staff, intent, _scene(turn, staff))
    if isinstance(found, Refusal):
        return found
    _note_presence(turn, staff, intent)
    turn.record(*found)
    return tuple(found)


def _moment(state: Kiosk, intent: intents.StaffIntent) -> Refusal | None:
    if state.journal_is_dead:
        return refusal("journal")
    if isinstance(intent, PRESENCE):
        return None
    if state.phase not in AT_REST or state.writing:
        return refusal("in-use")
    if not state.recovered and isinstance(intent, intents.StartExchange | intents.CloseDay):
        return refusal("not-ready")
    return None


def _scene(turn: Turn, staff: Staff) -> Scene:
    state = turn.state
    return Scene(
        units=units_of(state),
        token=turn.token,
        date=state.wall.astimezone(JST).date().isoformat(),
        devices={each.device: _said(each.device, state) for each in state.hoppers},
        note_unit=state.setup.note_acceptor if state.setup.note_acceptor in state.up else DeviceId(""),
        officer_beside=officer_beside(state, staff),
    )


def units_of(state: Kiosk) -> dict[DeviceId, tuple[Denomination, ...]]:
    """Every unit of this machine with the faces that may lie in it."""
    units = {each.device: (each.denomination,) for each in state.setup.hoppers}
    return {**{each: tuple(Denomination) for each in state.ledger.units}, **units}


def _said(device: DeviceId, state: Kiosk) -> UnitBefore:
    read = next(each for each in state.hoppers if each.device == device)
    count = Cash({read.denomination: read.count}) if read.count >= 0 else None
    return UnitBefore(device, NO_CASH, "", count, read.event_counter, read.lifetime)


def officer_beside(state: Kiosk, staff: Staff) -> str:
    """A cash officer who has entered and is still counted as there; not the person who asks."""
    found = [
        each.staff.id
        for each in state.present
        if each.staff.role is Role.CASH_OFFICER and each.staff.id != staff.id and each.until_s > state.now_s
    ]
    return found[0] if found else ""


def _note_presence(turn: Turn, staff: Staff, intent: intents.StaffIntent) -> None:
    """Who acts is there; who leaves is not."""
    others = tuple(each for each in turn.state.present if each.staff.id != staff.id)
    is_known = len(others) < len(turn.state.present)
    if isinstance(intent, intents.LeaveStaff):
        turn.set(present=others)
    elif is_known or isinstance(intent, intents.EnterStaff):
        until_s = turn.state.now_s + turn.state.setup.timeouts.staff_s
        turn.set(present=(*others, Present(staff, until_s)))


def watch_staff(turn: Turn) -> None:
    """After every event: who was silent for too long has left."""
    state = turn.state
    gone = [each for each in state.present if each.until_s <= state.now_s]
    if gone and not state.journal_is_dead:
        turn.set(present=tuple(each for each in state.present if each.until_s > state.now_s))
        turn.record(*(StaffLeft(each.staff.id, "time") for each in gone))


def slip_asked(turn: Turn, event: StaffSlipAsked) -> None:
    """Printed between residents; in the middle of a visit the roll is the resident's."""
    if turn.state.phase in AT_REST and turn.state.setup.receipt_printer in turn.state.up:
        turn.do(PrintSlip(OpId(turn.token()), turn.state.setup.receipt_printer, event.slip))
