"""Where certificates come out, and what sensors saw leave there: a part of the proof of print. Pure.

A printer tells what it did; a sensor in its outlet tells what came. Where one is configured, paper counts as out only
when both say so. What disagrees is a doubt (UNKNOWN) with a code of its own in the journal, and never printed again by
itself:

    exit-short   fewer sheets left than the document has, so long after the printer was done
    exit-over    more sheets left
    exit-empty   the tray stayed empty (where only the tray has a sensor)
    exit-seen    the printer says that nothing was printed, and something came out

A module that was away for a moment saw no evidence, neither for nor against: the printer's word holds, and the record
of the print says `exit-away`.
"""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.engine.printers import printers
from kiosk.engine.setup import Setup
from kiosk.engine.state import Kiosk, Line, LineStage, Phase, Turn
from kiosk.ids import DeviceId
from kiosk.journal.records import IncidentOpened
from kiosk.money import Yen
from kiosk.ports import DeviceLost, Outcome, PrintEnded, SheetLeft, TrayFilled

CERTIFICATE, SPARE = "certificate", "spare"
OUTLETS = (CERTIFICATE, SPARE)
UNASKED = ("exit", "unasked")
"""Fact of an incident: a sheet came out that no print of ours accounts for."""


def outlet_of(setup: Setup, printer: DeviceId) -> str:
    """The thing that lies where this printer puts it."""
    return SPARE if setup.spare_printer and printer == setup.spare_printer else CERTIFICATE


def printer_of(setup: Setup, outlet: str) -> DeviceId:
    return setup.spare_printer if outlet == SPARE else setup.certificate_printer


def slot_of(setup: Setup, outlet: str) -> str:
    """Where a person looks for it (`left`, `upper` …); empty: the configuration does not say."""
    return setup.slots.get(printer_of(setup, outlet), "") if outlet in OUTLETS else ""


def used(state: Kiosk) -> tuple[str, ...]:
    """Outlets in which printed papers of this session lie, the first printer's first."""
    lines = state.session.lines if state.session is not None else ()
    printed = {outlet_of(state.setup, each.printer) for each in lines if each.stage is LineStage.PRINTED}
    return tuple(
        each for each in (outlet_of(state.setup, one) for one in printers(state.setup)) if each in printed
    )


# --- what was seen --------------------------------------------------------------------------------------------


def _line_at(state: Kiosk, outlet: str) -> Line | None:
    """Whose sheets come out there now."""
    lines = state.session.lines if state.session is not None else ()
    return next(
        (
            each
            for each in lines
            if each.stage is LineStage.PRINTING and outlet_of(state.setup, each.printer) == outlet
        ),
        None,
    )


def sheet_left(turn: Turn, event: SheetLeft) -> None:
    """Counted for the paper that is being printed. One that nobody asked for is an incident: whose is it?"""
    if event.thing not in turn.state.setup.sheet_sensors:
        return
    line = _line_at(turn.state, event.thing)
    if line is not None:
        turn.edit_line(line.line, sheets_left=line.sheets_left + 1)
    elif turn.state.phase is not Phase.STAFF_DESK:  # staff print a test page there
        _unasked(turn, printer_of(turn.state.setup, event.thing))


def _unasked(turn: Turn, printer: DeviceId) -> None:
    """Once, until a person has closed it."""
    turn.set(is_staff_called=True)
    known = turn.state.ledger.incidents.values()
    if any((each.code, each.device, each.amount) == ("R-503", printer, Yen(0)) for each in known):
        return  # a doubt about somebody's paper names its fee
    transaction = turn.session.transaction if turn.state.session is not None else None
    turn.record(IncidentOpened(turn.token(), "R-503", transaction, printer, facts=(UNASKED,)))


def note_filled(turn: Turn, event: TrayFilled) -> None:
    line = _line_at(turn.state, event.thing)
    if line is not None:
        turn.edit_line(line.line, is_tray_filled=True)


def note_away(turn: Turn, event: DeviceLost) -> None:
    """A sheet that left meanwhile was seen by nobody."""
    if turn.state.session is None or event.device != turn.state.setup.panel:
        return
    for line in turn.session.lines:
        if line.stage is LineStage.PRINTING:
            turn.edit_line(line.line, is_unwatched=True)


# --- what it proves -------------------------------------------------------------------------------------------


def judge(state: Kiosk, line: Line, event: PrintEnded, *, is_late: bool) -> PrintEnded | None:
    """The printer's word beside the sensors'. None: a sheet may still be on its way, wait for it.

    `is_late`: so long after the printer was done that nothing more is expected.
    """
    setup = state.setup
    outlet = outlet_of(setup, line.printer)
    counts, looks = outlet in setup.sheet_sensors, outlet in setup.exit_sensors
    if not (counts or looks) or event.outcome not in (Outcome.CONFIRMED, Outcome.REFUSED):
        return event
    if event.outcome is Outcome.REFUSED:
        came = line.sheets_left > 0 or line.is_tray_filled
        return _doubt(event, "exit-seen") if came else event
    if line.is_unwatched or (setup.panel and setup.panel not in state.up):
        return replace(event, code="exit-away")
    sheets = line.document.sheets if line.document is not None else 0
    if counts and line.sheets_left > sheets:
        return _doubt(event, "exit-over")
    is_out = line.sheets_left == sheets if counts else line.is_tray_filled or outlet in state.trays
    if is_out:
        return event
    if not is_late:
        return None
    return _doubt(event, "exit-short" if counts else "exit-empty")


def _doubt(event: PrintEnded, code: str) -> PrintEnded:
    return replace(event, outcome=Outcome.UNKNOWN, code=code)
