"""Devices, server and clock: what is there, and whether the machine may serve. Pure."""

from __future__ import annotations

from kiosk.engine import notes, outlets, printers
from kiosk.engine.inner import RoomJudged
from kiosk.engine.setup import Brand
from kiosk.engine.state import Kiosk, Phase, Turn
from kiosk.ids import DeviceId
from kiosk.journal.records import IncidentOpened
from kiosk.ports import (
    AcceptanceSet,
    ClockJudged,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    DeviceWarned,
    HopperRead,
    IssuanceFailed,
    IssuanceStatus,
    PrinterRead,
    ReadIssuance,
    SetAcceptance,
    StartAcceptor,
    StartTimer,
    TimerExpired,
)

RESTING = (Phase.STARTING, Phase.OUT_OF_SERVICE, Phase.IDLE)
"""Phases in which nobody is being served and the machine may begin with somebody."""
AT_REST = (*RESTING, Phase.STAFF_LOGIN, Phase.STAFF_DESK)
"""Phases in which nobody is being served: staff may act."""


def stop_reason(state: Kiosk) -> tuple[str, str]:
    """Why the machine may not begin with anyone: (reason, code); two empty texts when it may."""
    setup = state.setup
    if state.is_emergency:
        return "emergency", ""
    if state.journal_is_dead:
        return "journal", "X-605"
    if not state.journal_has_room:
        return "journal", "X-605"
    if not state.clock_is_good:
        return "clock", "X-604"
    if any(incident.code == "X-603" for incident in state.ledger.incidents.values()):
        return "stopped", "X-603"
    if is_something_left(state):
        return "left", "M-406"
    if setup.card_reader not in state.up:
        return "card-reader", "C-101"
    if printer_stop := printers.obstacle(state):
        return "certificate-printer", printer_stop
    if setup.receipt_printer not in state.up or _has_fault(state, setup.receipt_printer):
        return "receipt-printer", "R-504"
    code = cash_code(state)
    if code and (
        state.ledger.exchange is not None or not cashless_is_up(state)
    ):  # boxes are open, or nothing else is
        return "maintenance" if state.ledger.exchange is not None else "cash", code
    return _server_stop(state)


LEFT = frozenset({"certificate", "change"})
"""Outlets whose content is nobody else's business, or somebody else's money."""


def is_something_left(state: Kiosk) -> bool:
    """Paper or money of somebody who has gone still lies there, by its sensor: nobody else begins beside it. It ends
    when it is taken or, where the sensor is what is wrong, when staff close the incident."""
    is_open = any(incident.code == "M-406" for incident in state.ledger.incidents.values())
    return is_open and state.setup.panel in state.up and bool(LEFT & state.trays)


def cash_code(state: Kiosk) -> str:
    """Why no cash may be taken from anybody now; empty: it may."""
    if state.ledger.exchange is not None:
        return "M-409"
    if state.setup.cash_max is not None and state.ledger.in_units >= state.setup.cash_max:
        return "M-410"
    if not cash_is_up(state):
        return "M-402"
    return "M-401" if state.is_change_short else ""


def _server_stop(state: Kiosk) -> tuple[str, str]:
    if state.issuance is None:
        return "server", "X-601"
    if state.issuance.stop == "closed":
        return "closed", "N-305"
    if state.issuance.stop or not state.issuance.is_up:
        return "stopped", "X-602"
    return "", ""


def _has_fault(state: Kiosk, device: DeviceId) -> bool:
    return any(each == device for each, _ in state.faults)


def cash_is_up(state: Kiosk) -> bool:
    """The coin acceptor answers and every hopper has told its counters. A note unit may be away: coins go on."""
    told = {read.device for read in state.hoppers}
    coins = (hopper.device for hopper in state.setup.hoppers if not hopper.denomination.is_note)
    return state.setup.acceptor in state.up and all(device in told for device in coins)


def terminal_is_ready(state: Kiosk, device: DeviceId) -> bool:
    """It answers, and says that it takes payments now."""
    return any(each.device == device and each.is_ready for each in state.terminals)


def cashless_is_up(state: Kiosk) -> bool:
    """Some brand of the town can be paid with now."""
    return any(brand_is_open(state, brand) for brand in state.setup.brands)


def brand_is_open(state: Kiosk, brand: Brand) -> bool:
    """Its terminal takes payments now and, where a camera has to look, that is there."""
    return terminal_is_ready(state, brand.device) and (brand.kind != "scan" or state.setup.camera in state.up)


def review(turn: Turn) -> None:
    """Between people: open or close the service as the devices now stand. Called after every event."""
    if turn.state.phase not in RESTING or not turn.state.recovered:
        return
    reason, _ = stop_reason(turn.state)
    if (reason == "left") != turn.state.is_called_for_left:
        turn.set(is_called_for_left=reason == "left", is_staff_called=reason == "left")
    turn.go(Phase.OUT_OF_SERVICE if reason else Phase.IDLE)


NEAR_END = "paper-near-end"
"""A receipt printer's roll (DeviceWarned)."""
WARN_AT = 80
"""Per cent of the ceiling of cash at which staff are warned, once, before it closes cash."""


def watch_cash(turn: Turn) -> None:
    """Between people: much cash in the machine is an incident, once, until it has been collected."""
    state = turn.state
    if state.setup.cash_max is None or state.phase not in RESTING or state.writing:
        return
    is_much = state.ledger.in_units.value * 100 >= state.setup.cash_max.value * WARN_AT
    if is_much == state.is_cash_warned or state.journal_is_dead:
        return
    turn.set(is_cash_warned=is_much)
    if is_much and not any(each.code == "M-410" for each in state.ledger.incidents.values()):
        turn.record(IncidentOpened(turn.token(), "M-410", amount=state.ledger.in_units))


def start(turn: Turn) -> None:
    """The first commands of a life: ask the server; give the devices their time."""
    turn.do(ReadIssuance(), StartTimer("start", turn.state.setup.timeouts.start_s))


def device_arrived(turn: Turn, event: DeviceArrived) -> None:
    turn.set(up=turn.state.up | {event.device})
    if event.device == turn.state.setup.acceptor:
        turn.do(StartAcceptor(event.device, turn.state.ledger.marks.get(event.device)))
        turn.do(SetAcceptance(event.device, ()))
    if notes.has_unit(turn.state) and event.device == turn.state.setup.note_acceptor:
        notes.arrived(turn)


def device_lost(turn: Turn, event: DeviceLost) -> None:
    state = turn.state
    turn.set(
        up=state.up - {event.device},
        faults=frozenset(each for each in state.faults if each[0] != event.device),
        hoppers=tuple(read for read in state.hoppers if read.device != event.device),
        warnings=frozenset(each for each in state.warnings if each[0] != event.device),
        terminals=tuple(read for read in state.terminals if read.device != event.device),
        accepting=None if event.device == state.setup.acceptor else state.accepting,
        printers=printers.without(state, event.device),
        was_lost_open=state.was_lost_open or (event.device == state.setup.acceptor and bool(state.accepting)),
    )
    if event.device == state.setup.staff_reader:
        turn.set(staff_card_is_present=False)
    if event.device == state.setup.card_reader:
        turn.set(card=None, card_is_present=False)
    turn.set(unread=state.unread - {event.device})
    outlets.note_away(turn, event)
    notes.lost(turn, event)


def device_fault(turn: Turn, event: DeviceFault) -> None:
    fault = (event.device, event.code)
    faults = turn.state.faults
    turn.set(faults=faults - {fault} if event.clear else faults | {fault})
    notes.fault(turn, event)


def device_warned(turn: Turn, event: DeviceWarned) -> None:
    others = frozenset(each for each in turn.state.warnings if each[0] != event.device)
    turn.set(warnings=others | {(event.device, code) for code in event.codes})


def cares(state: Kiosk) -> tuple[str, ...]:
    """What staff should see to while the machine goes on, in words of the texts (`assist.care.…`)."""
    setup = state.setup
    found = ["receipt-near-end"] if (setup.receipt_printer, NEAR_END) in state.warnings else []
    if setup.spare_printer and state.recovered:
        standing = {each.device for each in printers.ready(state)}
        if setup.spare_printer not in standing:
            found.append("spare-printer")
        elif setup.certificate_printer not in standing:
            found.append("first-printer")
    return tuple(found)


def printer_read(turn: Turn, event: PrinterRead) -> None:
    turn.state = printers.with_reading(turn.state, event)


def hopper_read(turn: Turn, event: HopperRead) -> None:
    others = tuple(read for read in turn.state.hoppers if read.device != event.device)
    turn.set(hoppers=(*others, event), unread=turn.state.unread - {event.device})


def acceptance_set(turn: Turn, event: AcceptanceSet) -> None:
    if event.device == turn.state.setup.acceptor:
        turn.set(accepting=event.denominations)
    elif event.device == turn.state.setup.note_acceptor:
        turn.set(notes_open=event.denominations)
        if not event.denominations:
            turn.set(notes_wanted=())  # after a fault or a payout it shuts by itself: it is to be told anew


def issuance_status(turn: Turn, event: IssuanceStatus) -> None:
    turn.set(issuance=event, issuance_code="")
    turn.do(StartTimer("status", turn.state.setup.timeouts.status_s))


def issuance_silent(turn: Turn, event: IssuanceFailed) -> None:
    """The status request had no answer: ask again soon."""
    turn.set(issuance=None, issuance_code=event.code)
    turn.do(StartTimer("status", turn.state.setup.timeouts.retry_s))


def ask_status(turn: Turn, _: TimerExpired) -> None:
    turn.do(ReadIssuance())


def clock_judged(turn: Turn, event: ClockJudged) -> None:
    turn.set(clock_is_good=event.is_good)


def room_judged(turn: Turn, event: RoomJudged) -> None:
    turn.set(journal_has_room=event.is_enough)


def journal_died(turn: Turn) -> None:
    """Nothing can be made durable any more: close cash, stop. Staff read the slip and the disk."""
    turn.set(journal_is_dead=True, writing=0)
    turn.do(SetAcceptance(turn.state.setup.acceptor, ()))
    notes.shut(turn)
