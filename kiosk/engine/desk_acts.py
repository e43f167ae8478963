"""What the person at the staff desk does: pages, counts, papers, tests, and the acts themselves. Pure.

An act is the same StaffIntent that `kiosk-cash` sends, by the same rules (kiosk/treasury/acts.py); the desk only leads
to it, page by page.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents, rights
from kiosk.engine import desk_papers, desk_tests, staff, two_people
from kiosk.engine.desk_walk import back, desk_of, edit, go
from kiosk.engine.inner import Asked
from kiosk.engine.state import Desk, Kiosk, Turn
from kiosk.ids import DeviceId
from kiosk.journal.records import UnitAfter
from kiosk.money import Cash, Denomination, Yen
from kiosk.ports import CardInserted
from kiosk.treasury import acts, words
from kiosk.treasury.refusals import Refusal, refusal
from kiosk.treasury.told import told_of

COUNTED, PUT_IN, TAKEN_OUT, LEFT = "counted", "put_in", "taken_out", "left"
FOUND, YEN = "found", "yen"
"""Not a unit and not pieces: how much money was left behind at a place."""
ASKED: dict[str, tuple[str, ...]] = {
    "replenish": (PUT_IN, COUNTED),
    "collect": (TAKEN_OUT, COUNTED, LEFT),
    "recount": (COUNTED,),
    "repair": (COUNTED, TAKEN_OUT),
}
"""What may be said of a face, by the purpose of the exchange."""
PIECES_MAX = 99999
# --- counts -----------------------------------------------------------------------------------------------------------


def set_pieces(turn: Turn, event: Asked) -> None:
    """Of a unit that is open, a face that may lie in it, and a thing that this purpose asks; or money left behind."""
    intent, exchange = event.intent, turn.state.ledger.exchange
    if not isinstance(intent, intents.SetPieces) or not 0 <= intent.pieces <= PIECES_MAX:
        return
    if (intent.unit, intent.what) == (FOUND, YEN) and intent.face in acts.PLACES:
        _know(turn, event, intent)
        return
    if exchange is None:
        return
    faces = [each.value for each in staff.units_of(turn.state).get(intent.unit, ())]
    is_asked = intent.what in ASKED[exchange.purpose]
    if intent.unit not in exchange.names or intent.face not in faces or not is_asked:
        return
    counted = dict(desk_of(turn).pieces).get((str(intent.unit), intent.face, COUNTED), 0)
    if intent.what == LEFT and intent.pieces > counted:
        edit(turn, said=_said(refusal("takes-too-much", what=intent.unit)), is_refused=True)
        return
    _know(turn, event, intent)


def _know(turn: Turn, event: Asked, intent: intents.SetPieces) -> None:
    key = (str(intent.unit), intent.face, intent.what)
    known = {**dict(desk_of(turn).pieces), key: intent.pieces}
    edit(turn, pieces=tuple(known.items()))
    back(turn, event)


def end_of(desk: Desk, exchange: str, reason: str = "") -> intents.EndExchange:
    """The exchange as it was typed. A unit of which one face was counted was counted whole: its other faces are 0.

    Where it was typed how many stay (残置), what was counted less these came out.
    """
    found: dict[str, dict[str, dict[Denomination, int]]] = {}
    for (unit, face, what), pieces in desk.pieces:
        if unit != FOUND:
            found.setdefault(unit, {}).setdefault(what, {})[Denomination(face)] = pieces
    for said in found.values():
        for face_left, pieces in said.pop(LEFT, {}).items():
            counted = said.get(COUNTED, {}).get(face_left, 0)
            said.setdefault(TAKEN_OUT, {})[face_left] = max(0, counted - pieces)
    units = tuple(
        UnitAfter(
            DeviceId(unit),
            counted=Cash(said[COUNTED]) if COUNTED in said else None,
            put_in=Cash(said.get(PUT_IN, {})),
            taken_out=Cash(said.get(TAKEN_OUT, {})),
        )
        for unit, said in found.items()
    )
    return intents.EndExchange(exchange=exchange, units=units, reason=reason)


def moved_of(state: Kiosk, end: intents.EndExchange) -> tuple[Yen, Yen]:
    """(what went in less what came out, what was counted less what the books say)."""
    difference = Yen(0)
    for each in end.units:
        known = state.ledger.units.get(each.unit)
        if each.counted is not None:
            difference += each.counted.total - (known.total if known is not None else Yen(0))
    return Yen.sum(each.put_in.total - each.taken_out.total for each in end.units), difference


# --- acts -------------------------------------------------------------------------------------------------------------


def ask_why(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.AskWhy) and _may(turn, event.intent.act):
        go(turn, "why")
        edit(turn, pending=event.intent.act)


def do_act(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.DoAct) and _may(turn, event.intent.act):
        _do(turn, event.intent.act)


def _may(turn: Turn, act: intents.StaffIntent) -> bool:
    """By the one table; who comes and goes is the card's affair."""
    is_presence = isinstance(act, intents.EnterStaff | intents.LeaveStaff)
    if is_presence or two_people.is_about_itself(turn.state, act):
        return False
    return rights.may(desk_of(turn).staff.role, type(act))


def _do(turn: Turn, act: intents.StaffIntent) -> None:
    desk = desk_of(turn)
    if isinstance(act, intents.RecordTest) and not _was_tested(turn, act):
        return
    found = staff.act(turn, desk.staff, _in_words(act))
    if isinstance(found, Refusal):
        if found.code == "reason-missing":
            go(turn, "why")
            edit(turn, pending=act)
        else:
            edit(turn, said=(found.ja, found.en), is_refused=True)
        return
    _after(turn, act)
    if not isinstance(act, intents.CloseDay | intents.EndExchange):
        edit(turn, said=told_of(found), is_refused=False)


def _was_tested(turn: Turn, act: intents.RecordTest) -> bool:
    """A result is written for a test that is on the page, and not against the machine's own word."""
    desk = desk_of(turn)
    judge = desk_tests.TESTS.get(act.test)
    if (desk.page, desk.of) != ("test", act.test) or judge is None or not desk.result:
        return False
    if judge is desk_tests.Judge.MACHINE:
        return act.has_passed == (desk.result == "seen")
    return True


def _in_words(act: intents.StaffIntent) -> intents.StaffIntent:
    """A reason or note that was chosen by its key is written down as its words."""
    reason, note = getattr(act, "reason", ""), getattr(act, "note", "")
    if reason in words.WHY:
        act = replace(act, reason=words.WHY[reason])
    return replace(act, note=words.NOTES[note]) if note in words.NOTES else act


def _after(turn: Turn, act: intents.StaffIntent) -> None:
    """Where its page leads when an act is done."""
    if isinstance(act, intents.StartExchange):
        number = f"E-{turn.state.ledger.exchanges + 1:04d}"
        edit(turn, pieces=(), trail=(("menu", ""), ("cash", "")))
        go(turn, "count", number, is_back=True)
    elif isinstance(act, intents.EndExchange):
        edit(turn, pieces=(), trail=(("menu", ""),), page="cash", of="", pending=None)
        desk_papers.make(turn, "exchange", act.exchange, is_slip_due=True)
    elif isinstance(act, intents.CloseDay):
        edit(turn, trail=(), page="menu", of="", pending=None)
        desk_papers.make(turn, "day", "", is_slip_due=True)
    elif isinstance(act, intents.RecordTest):
        back(turn, None)
    elif not isinstance(act, intents.NoteIncident):
        edit(turn, pieces=tuple(each for each in desk_of(turn).pieces if each[0][0] != FOUND))
        _leave_why(turn)
        back(turn, None)


def _leave_why(turn: Turn) -> None:
    """The page of the reasons is not one to come back to."""
    if desk_of(turn).page == "why":
        back(turn, None)


# --- tests ------------------------------------------------------------------------------------------------------------


def run_test(turn: Turn, event: Asked) -> None:
    intent, desk = event.intent, desk_of(turn)
    if not isinstance(intent, intents.RunTest) or (desk.page, desk.of) != ("test", intent.test):
        return
    if (
        turn.state.ledger.exchange is not None
        and desk_tests.TESTS.get(intent.test) is desk_tests.Judge.PERSON
        and intent.test != "sound"
    ):
        edit(
            turn,
            said=_said(refusal("exchange-open", what=turn.state.ledger.exchange.exchange)),
            is_refused=True,
        )
        return
    desk_tests.run(turn, intent.test)


def _said(found: Refusal) -> tuple[str, str]:
    return found.ja, found.en


def card_inserted(turn: Turn, event: CardInserted) -> None:
    turn.set(card_is_present=True)
    desk_tests.card_seen(turn, event)
