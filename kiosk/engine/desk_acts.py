"""What the person at the staff desk does: pages, counts, papers, tests, and the acts themselves. Pure.

An act is the same StaffIntent that `kiosk-cash` sends, by the same rules (kiosk/treasury/acts.py); the desk only leads
to it, page by page.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from kiosk import intents, rights
from kiosk.engine import desk_tests, staff
from kiosk.engine.state import Asked, Desk, Kiosk, Turn
from kiosk.ids import DeviceId, OpId
from kiosk.journal.records import UnitAfter
from kiosk.money import Cash, Denomination
from kiosk.ports import (
    DESK,
    CardInserted,
    MakePaper,
    Outcome,
    PaperMade,
    PrintDocument,
    PrintEnded,
    PrintSlip,
)
from kiosk.slips import JST
from kiosk.treasury import words
from kiosk.treasury.days import fiscal_year
from kiosk.treasury.refusals import Refusal, refusal
from kiosk.treasury.told import told_of

COUNTED, PUT_IN, TAKEN_OUT = "counted", "put_in", "taken_out"
ASKED: dict[str, tuple[str, ...]] = {
    "replenish": (PUT_IN, COUNTED),
    "collect": (TAKEN_OUT, COUNTED),
    "recount": (COUNTED,),
    "repair": (COUNTED, TAKEN_OUT),
}
"""What may be said of a face, by the purpose of the exchange."""
PIECES_MAX = 99999
PAPERS = ("stock", "day", "month", "year", "exchange", "payment", "discrepancy", "match", "readiness")
"""What the desk shows: the newest of each. Files for other systems, and older papers, are `kiosk-cash`'s."""
OF_AN_EXCHANGE = ("exchange", "payment", "discrepancy")
PRINTING = ("A4で印刷しています。", "It is being printed as A4 pages.")
PRINTED = (
    "A4で印刷しました。使った用紙は、用紙受払簿に書いてください。",
    "Printed as A4 pages. Write the sheets that were used into the paper's book.",
)
NOT_PRINTED = (
    "印刷できたか確かめられません。プリンターを見てください。",
    "Nobody knows whether it was printed. Look at the printer.",
)
PAGES = (
    "menu",
    "cash",
    "units",
    "count",
    "pad",
    "why",
    "waiting",
    "doubt",
    "papers",
    "paper",
    "incidents",
    "incident",
    "faults",
    "steps",
    "tests",
    "test",
    "day",
    "found",
)


def _desk(turn: Turn) -> Desk:
    return turn.state.desk or Desk(staff.NOBODY, 0.0)


def _set(turn: Turn, **changes: object) -> None:
    turn.set(desk=replace(_desk(turn), **changes))


def _go(turn: Turn, page: str, of: str = "", *, is_back: bool = False) -> None:
    """Another page; what was said on the one before is over."""
    desk = _desk(turn)
    trail = desk.trail if is_back else (*desk.trail, (desk.page, desk.of))
    _set(
        turn,
        page=page,
        of=of,
        trail=trail[-20:],
        said=("", ""),
        is_refused=False,
        result="",
        op=None,
        facts=(),
    )


def open_page(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.OpenPage) and event.intent.page in PAGES:
        _go(turn, event.intent.page, event.intent.of)


def back(turn: Turn, _: object) -> None:
    desk = _desk(turn)
    if desk.trail:
        page, of = desk.trail[-1]
        _set(turn, trail=desk.trail[:-1], pending=None, paper=None)
        _go(turn, page, of, is_back=True)


# --- papers -----------------------------------------------------------------------------------------------------------


def show_paper(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.ShowPaper):
        report, of = event.intent.report, event.intent.of
        _make(turn, report, of or _newest(turn.state, report))


def _newest(state: Kiosk, report: str) -> str:
    """Which one is meant where none is named: this month, this 年度, the last exchange."""
    today = state.wall.astimezone(JST).strftime("%Y-%m-%d")
    match report:
        case "month":
            return today[:7]
        case "year":
            return str(fiscal_year(today))
        case "exchange" | "payment" | "discrepancy":
            return state.ledger.last_exchange
    return ""


def _make(turn: Turn, report: str, of: str) -> None:
    op = OpId(turn.token())
    _go(turn, "paper", report)
    _set(turn, paper=None, report=(report, of), op=op)
    turn.do(MakePaper(DESK, op, report, of))


def paper_made(turn: Turn, event: PaperMade) -> None:
    desk = turn.state.desk
    if desk is None or desk.op != event.op:
        return
    _set(turn, paper=event.slip, said=(event.ja, event.en), is_refused=event.slip is None, op=None)
    if event.document:
        job, printer = OpId(turn.token()), turn.state.setup.certificate_printer
        digest = hashlib.sha256(event.document).hexdigest()
        _set(turn, op=job, said=PRINTING)
        turn.do(PrintDocument(job, printer, event.document, digest, event.pages))


def print_paper(turn: Turn, _: object) -> None:
    printer, paper = turn.state.setup.receipt_printer, _desk(turn).paper
    if paper is not None and printer in turn.state.up:
        turn.do(PrintSlip(OpId(turn.token()), printer, paper))


def print_pages(turn: Turn, _: object) -> None:
    """Made only now: of ten papers that are looked at, one is filed."""
    desk = _desk(turn)
    if has_pages(turn.state) and desk.op is None:
        op = OpId(turn.token())
        _set(turn, op=op, said=PRINTING)
        turn.do(MakePaper(DESK, op, *desk.report, has_pages=True))


def has_pages(state: Kiosk) -> bool:
    """A paper is shown that may go to a printer of A4 now."""
    is_there = state.desk is not None and state.desk.paper is not None and bool(state.desk.report[0])
    return is_there and state.setup.certificate_printer in state.up


def pages_printed(turn: Turn, event: PrintEnded) -> None:
    desk = turn.state.desk
    if desk is not None and desk.page == "paper" and desk.op == event.op:
        is_well = event.outcome is Outcome.CONFIRMED
        _set(turn, op=None, said=PRINTED if is_well else NOT_PRINTED, is_refused=not is_well)


# --- counts -----------------------------------------------------------------------------------------------------------


def set_pieces(turn: Turn, event: Asked) -> None:
    """Of a unit that is open, a face that may lie in it, and a thing that this purpose asks."""
    intent, exchange = event.intent, turn.state.ledger.exchange
    if not isinstance(intent, intents.SetPieces) or exchange is None or not 0 <= intent.pieces <= PIECES_MAX:
        return
    faces = [each.value for each in staff.units_of(turn.state).get(intent.unit, ())]
    is_asked = intent.what in ASKED[exchange.purpose]
    if intent.unit not in exchange.names or intent.face not in faces or not is_asked:
        return
    key = (str(intent.unit), intent.face, intent.what)
    known = {**dict(_desk(turn).pieces), key: intent.pieces}
    _set(turn, pieces=tuple(known.items()))
    back(turn, event)


def end_of(desk: Desk, exchange: str, reason: str = "") -> intents.EndExchange:
    """The exchange as it was typed. A unit of which one face was counted was counted whole: its other faces are 0."""
    found: dict[str, dict[str, dict[Denomination, int]]] = {}
    for (unit, face, what), pieces in desk.pieces:
        found.setdefault(unit, {}).setdefault(what, {})[Denomination(face)] = pieces
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


# --- acts -------------------------------------------------------------------------------------------------------------


def ask_why(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.AskWhy) and _may(turn, event.intent.act):
        _go(turn, "why")
        _set(turn, pending=event.intent.act)


def do_act(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.DoAct) and _may(turn, event.intent.act):
        _do(turn, event.intent.act)


def _may(turn: Turn, act: intents.StaffIntent) -> bool:
    """By the one table; who comes and goes is the card's affair."""
    is_presence = isinstance(act, intents.EnterStaff | intents.LeaveStaff)
    return not is_presence and rights.may(_desk(turn).staff.role, type(act))


def _do(turn: Turn, act: intents.StaffIntent) -> None:
    desk = _desk(turn)
    if isinstance(act, intents.RecordTest) and not _was_tested(turn, act):
        return
    found = staff.act(turn, desk.staff, _in_words(act))
    if isinstance(found, Refusal):
        if found.code == "reason-missing":
            _go(turn, "why")
            _set(turn, pending=act)
        else:
            _set(turn, said=(found.ja, found.en), is_refused=True)
        return
    _after(turn, act)
    if not isinstance(act, intents.CloseDay | intents.EndExchange):
        _set(turn, said=told_of(found), is_refused=False)


def _was_tested(turn: Turn, act: intents.RecordTest) -> bool:
    """A result is written for a test that is on the page, and not against the machine's own word."""
    desk = _desk(turn)
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
        _set(turn, pieces=(), trail=(("menu", ""), ("cash", "")))
        _go(turn, "count", number, is_back=True)
    elif isinstance(act, intents.EndExchange):
        _set(turn, pieces=(), trail=(("menu", ""),), page="cash", of="", pending=None)
        _make(turn, "exchange", act.exchange)
    elif isinstance(act, intents.CloseDay):
        _set(turn, trail=(), page="menu", of="", pending=None)
        _make(turn, "day", "")
    elif isinstance(act, intents.RecordTest):
        back(turn, None)
    elif not isinstance(act, intents.NoteIncident):
        _leave_why(turn)
        back(turn, None)


def _leave_why(turn: Turn) -> None:
    """The page of the reasons is not one to come back to."""
    if _desk(turn).page == "why":
        back(turn, None)


# --- tests ------------------------------------------------------------------------------------------------------------


def run_test(turn: Turn, event: Asked) -> None:
    intent, desk = event.intent, _desk(turn)
    if not isinstance(intent, intents.RunTest) or (desk.page, desk.of) != ("test", intent.test):
        return
    if turn.state.ledger.exchange is not None and intent.test in ("receipt", "certificate"):
        _set(
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
