"""How this machine stands, for the town's list of kiosks: service, step, codes, money by unit. Never a person. Pure."""

from __future__ import annotations

from kiosk.engine import printers, service
from kiosk.engine.project import body
from kiosk.engine.state import Kiosk, Phase
from kiosk.ports import ReportState, Supply, UnitLevel
from kiosk.view import Notice, OutOfService, Trouble

MOST = 20
"""So many of each list go out; more is no longer a list that somebody reads."""


def report(state: Kiosk) -> ReportState:
    """What the list shows of this machine."""
    session = state.session
    return ReportState(
        service=_service(state),
        step=session.step.value if session is not None else "",
        step_s=max(0, int(state.now_s - session.notes.since_s)) if session is not None else 0,
        code=code_of(state),
        called_s=-1 if state.called_s is None else max(0, int(state.now_s - state.called_s)),
        is_call_answered=state.is_call_answered,
        is_helped=state.manners.is_helped,
        incidents=tuple(sorted({each.code for each in state.ledger.incidents.values()}))[:MOST],
        troubles=_troubles(state)[:MOST],
        supplies=_supplies(state)[:MOST],
        cash=_cash(state)[:MOST],
        cash_code=service.cash_code(state) if state.setup.faces else "",
        is_training=state.setup.is_training,
    )


def code_of(state: Kiosk) -> str:
    """The public code that the screen shows now; empty: nothing is wrong."""
    if state.phase is Phase.STARTING:
        return ""
    shown = body(state)
    return shown.code if isinstance(shown, Notice | Trouble | OutOfService) else ""


def _service(state: Kiosk) -> str:
    if state.phase is Phase.STARTING:
        return "starting"
    if state.phase is Phase.OUT_OF_SERVICE:
        return "out"
    return "serving" if state.session is not None else "idle"


def _troubles(state: Kiosk) -> tuple[str, ...]:
    """Devices that are away, what they say is wrong with them or soon will be, and what certificate printers want."""
    setup = state.setup
    wanted = [setup.card_reader, *printers.printers(setup), setup.receipt_printer]
    if setup.faces:
        wanted += [setup.acceptor, *([setup.note_acceptor] if setup.note_acceptor else [])]
    wanted += [each for each in (setup.staff_reader, setup.lamp) if each]
    wanted += list(dict.fromkeys(each.device for each in setup.brands))
    found = [f"{each} away" for each in wanted if each not in state.up]
    found += [f"{device} {code}" for device, code in sorted(state.faults | state.warnings)]
    found += [f"{read.device} {each}" for read in state.printers for each in read.reasons]
    return tuple(found)


LOW_SHEETS = 25
"""So few sheets in a tray, and somebody should bring paper."""
_PAPER_LOW = frozenset({"media-low", "media-empty", "media-needed"})
_TONER_LOW = frozenset({"toner-low", "toner-empty", "marker-supply-low", "marker-supply-empty"})


def _supplies(state: Kiosk) -> tuple[Supply, ...]:
    """Paper and toner by the printers' own word, the receipt's roll by its sensor."""
    found = []
    for printer in printers.printers(state.setup):
        read = printers.reading_of(state, printer)
        if read is None or printer not in state.up:
            continue
        few = read.sheets is not None and read.sheets <= LOW_SHEETS
        sheets = -1 if read.sheets is None else read.sheets
        found.append(Supply(printer, "paper", sheets, few or not _PAPER_LOW.isdisjoint(read.reasons)))
        found.append(Supply(printer, "toner", is_low=not _TONER_LOW.isdisjoint(read.reasons)))
    roll = state.setup.receipt_printer
    if roll in state.up:
        told = {code for device, code in state.faults | state.warnings if device == roll}
        is_low = any("near-end" in code or "paper-end" in code or "paper-out" in code for code in told)
        found.append(Supply(roll, "roll", is_low=is_low))
    return tuple(found)


def _cash(state: Kiosk) -> tuple[UnitLevel, ...]:
    """By the books: what a person would find."""
    levels = []
    for each in state.ledger.units.values():
        faces = dict(each.count.items())
        face = next(iter(faces)).face.value if len(faces) == 1 else 0
        levels.append(UnitLevel(each.unit, face, sum(faces.values()), each.total.value))
    return tuple(levels)
