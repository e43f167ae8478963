"""What is wrong with the machine now, and how somebody who never saw it puts it right: steps as data. Pure.

A step is a text of the catalogues (`remedy.STEP`, one thing to do with one hand). After the last one the machine itself
says whether the fault is gone: nobody presses "repaired".
"""

from __future__ import annotations

from typing import NamedTuple

from kiosk.engine import printers, service
from kiosk.engine.state import Kiosk
from kiosk.ids import DeviceId


class Fault(NamedTuple):
    code: str
    device: DeviceId | None = None
    detail: str = ""
    """The driver's own word for it."""


STEPS: dict[str, tuple[str, ...]] = {
    "R-501": ("door", "tray-out", "paper-fan", "paper-in", "tray-in", "door-shut", "wait-ready"),
    "R-502": (
        "door",
        "cover",
        "paper-pull",
        "paper-look",
        "cover-shut",
        "door-shut",
        "power-printer",
        "wait-ready",
    ),
    "R-503": ("paper-look", "officer", "incident-close"),
    "R-505": ("door", "tray-out", "paper-fan", "paper-in", "tray-in", "door-shut", "wait-ready"),
    "R-506": ("section-call", "incident-close"),
    "R-504": ("door", "roll-open", "roll-out", "roll-in", "roll-shut", "door-shut", "wait-ready"),
    "C-101": ("card-away", "reader-wipe", "reader-cable", "reader-light", "wait-ready"),
    "M-402": ("officer", "cash-door", "cash-look", "cash-cable", "cash-shut", "wait-ready"),
    "M-407": ("officer", "note-open", "note-pull", "note-shut", "note-clear", "wait-ready"),
    "M-401": ("officer", "refill"),
    "M-403": ("officer", "slip-pay", "cash-look", "recount", "incident-close"),
    "M-404": ("officer", "recount", "incident-close"),
    "M-406": ("left-away", "left-register", "incident-close"),
    "M-408": ("officer", "slip-pay", "incident-close"),
    "M-411": ("terminal-look", "company-call", "incident-close"),
    "M-412": ("officer", "slip-pay", "incident-close"),
    "M-409": ("officer", "exchange-end"),
    "M-410": ("officer", "collect"),
    "X-601": ("net-cable", "net-light", "net-wait", "net-call"),
    "X-602": ("server-call",),
    "X-603": ("paper-compare", "section-call", "officer", "incident-close"),
    "X-604": ("clock-look", "net-cable", "clock-wait", "clock-call"),
    "X-605": ("no-cash", "disk-call"),
    "X-606": ("officer", "slip-pay", "incident-close"),
    "X-608": ("section-call", "incident-close"),
}
"""Code -> what to do, one after the other."""

HANDS_S: dict[str, int] = {
    "door": 15, "door-shut": 8, "tray-out": 5, "paper-fan": 12, "paper-in": 10, "tray-in": 4, "wait-ready": 30,
    "cover": 6, "paper-pull": 15, "paper-look": 15, "cover-shut": 4, "power-printer": 20,
    "roll-open": 5, "roll-out": 6, "roll-in": 12, "roll-shut": 8,
    "card-away": 4, "reader-wipe": 10, "reader-cable": 25, "reader-light": 4,
    "officer": 60, "cash-door": 15, "cash-look": 25, "cash-cable": 20, "cash-shut": 10,
    "note-open": 6, "note-pull": 12, "note-shut": 4, "note-clear": 8,
    "refill": 90, "recount": 90, "collect": 60, "exchange-end": 15, "slip-pay": 30, "incident-close": 10,
    "left-away": 20, "left-register": 15, "terminal-look": 10, "company-call": 120,
    "net-cable": 25, "net-light": 4, "net-wait": 120, "net-call": 60, "server-call": 60,
    "paper-compare": 30, "section-call": 60, "clock-look": 8, "clock-wait": 120, "clock-call": 60,
    "no-cash": 2, "disk-call": 60, "call-technician": 60,
}  # fmt: skip
"""What the hands of somebody who never did it need for a step, in seconds: an estimate at the wide end, measured on no
machine. Reading is added by the model of docs/adr/0070."""

LAST = ("call-technician",)
"""Where no code has steps of its own, and after the last step when the fault is still there."""


def steps(code: str) -> tuple[str, ...]:
    return STEPS.get(code, LAST)


def faults(state: Kiosk) -> tuple[Fault, ...]:
    """Everything that is wrong now, the worst first; nothing of it is a person's."""
    setup = state.setup
    found: list[Fault] = []
    if state.journal_is_dead or not state.journal_has_room:
        found.append(Fault("X-605"))
    if not state.clock_is_good:
        found.append(Fault("X-604"))
    if any(each.code == "X-603" for each in state.ledger.incidents.values()):
        found.append(Fault("X-603"))
    if setup.card_reader not in state.up:
        found.append(Fault("C-101", setup.card_reader))
    if setup.staff_reader and setup.staff_reader not in state.up:
        found.append(Fault("C-101", setup.staff_reader))
    for printer in printers.printers(setup):
        read = printers.reading_of(state, printer)
        if printer not in state.up:
            found.append(Fault("R-502", printer, "no-answer"))
        elif read is None or not read.is_ready:
            reasons = read.reasons if read is not None else ()
            found.append(Fault(printers.code_of(reasons), printer, " ".join(reasons)))
    if setup.receipt_printer not in state.up:
        found.append(Fault("R-504", setup.receipt_printer, "no-answer"))
    found += [each for each in _device_faults(state) if each.device not in {one.device for one in found}]
    code = service.cash_code(state)
    if code and not any(each.code == code for each in found):
        found.append(Fault(code))
    if state.issuance is None:
        found.append(Fault("X-601"))
    elif state.issuance.stop not in ("", "closed") or not state.issuance.is_up:
        found.append(Fault("X-602"))
    return tuple(found)


def _device_faults(state: Kiosk) -> list[Fault]:
    setup = state.setup
    boxes = {each.device for each in setup.hoppers if each.denomination.is_note}
    notes = {setup.note_acceptor, *boxes} - {""}
    found: list[Fault] = []
    for device, detail in sorted(state.faults):
        if device == setup.receipt_printer:
            code = "R-504"
        elif device in notes:
            code = "M-407"
        elif device in printers.printers(setup):
            code = "R-502"
        else:
            code = "M-402"
        if not any(each.code == code and each.device == device for each in found):
            found.append(Fault(code, device, detail))
    return found
