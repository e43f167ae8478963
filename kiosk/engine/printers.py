"""The certificate printers: one, or a first and a spare that prints while the first cannot. Pure.

Which one prints is decided for each paper when its intent is written. A print that was refused, which is proof that
nothing came out, may go to the other one; a print in doubt goes nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kiosk.engine.setup import Setup
from kiosk.engine.state import Kiosk
from kiosk.ids import DeviceId
from kiosk.ports import Document, PrinterRead, ReadPrinter

ONE_SIDED = "one-sided"
"""IPP's word; every printer does it."""
PAPER_IS_OUT = frozenset({"media-empty", "media-needed"})
"""RFC 8011 §5.4.12. A jam is `media-jam`: another cause, another next step."""


def printers(setup: Setup) -> tuple[DeviceId, ...]:
    """The first, and the spare where there is one."""
    return tuple(each for each in (setup.certificate_printer, setup.spare_printer) if each)


def reading_of(state: Kiosk, printer: DeviceId) -> PrinterRead | None:
    """What it said last; None since it is away."""
    return next((each for each in state.printers if each.device == printer), None)


def with_reading(state: Kiosk, event: PrinterRead) -> Kiosk:
    """Another device's reading changes nothing."""
    if event.device not in printers(state.setup):
        return state
    others = tuple(each for each in state.printers if each.device != event.device)
    return replace(state, printers=(*others, event))


def without(state: Kiosk, printer: DeviceId) -> tuple[PrinterRead, ...]:
    return tuple(each for each in state.printers if each.device != printer)


def questions(setup: Setup) -> tuple[ReadPrinter, ...]:
    return tuple(ReadPrinter(each) for each in printers(setup))


def ready(state: Kiosk) -> tuple[PrinterRead, ...]:
    """Who could print the next page, the first printer first."""
    found = (reading_of(state, each) for each in printers(state.setup) if each in state.up)
    return tuple(each for each in found if each is not None and each.is_ready)


def prints_backs_as(setup: Setup, document: Document) -> bool:
    """Whether some printer of this machine prints such a paper at all."""
    return any(_fits(setup, each, document) for each in printers(setup))


def choose(state: Kiosk, document: Document | None, but: tuple[DeviceId, ...] = ()) -> DeviceId | None:
    """Who prints this paper now; None: nobody can. `but`: they have just refused it."""
    return next(
        (each.device for each in ready(state) if each.device not in but and _takes(state, each, document)),
        None,
    )


def can_print(state: Kiosk, printer: DeviceId, document: Document | None) -> bool:
    """Whether this one could print this paper now."""
    return any(each.device == printer and _takes(state, each, document) for each in ready(state))


def obstacle(state: Kiosk, documents: Iterable[Document] = ()) -> str:
    """The public code of why these papers could not be printed now, one after the other; empty: they can.
    R-501 paper is out, R-502 anything else, R-505 not enough paper is left for all of them."""
    standing = ready(state)
    if not standing:
        first = reading_of(state, state.setup.certificate_printer)
        return code_of(first.reasons if first is not None and first.device in state.up else ())
    left = {each.device: each.sheets for each in standing}
    for document in documents:
        taker = next(
            (
                each
                for each, sheets in left.items()
                if _fits(state.setup, each, document) and (sheets is None or sheets >= document.sheets)
            ),
            None,
        )
        if taker is None:
            fits = any(_fits(state.setup, each, document) for each in left)
            return "R-505" if fits else "R-502"  # the one that prints backs is away
        sheets = left[taker]
        left[taker] = None if sheets is None else sheets - document.sheets
    return ""


def code_of(reasons: tuple[str, ...]) -> str:
    """R-501 paper is out, R-502 anything else."""
    return "R-501" if PAPER_IS_OUT & set(reasons) else "R-502"


def waiting_code(state: Kiosk) -> str:
    """While a paid paper waits for a printer: why, as the resident is told."""
    return obstacle(state) or "R-502"


def _fits(setup: Setup, printer: DeviceId, document: Document) -> bool:
    sides = setup.sides if printer == setup.certificate_printer else setup.spare_sides
    return document.sides in (ONE_SIDED, sides)


def _takes(state: Kiosk, reading: PrinterRead, document: Document | None) -> bool:
    if document is None:
        return True
    has_paper = reading.sheets is None or reading.sheets >= document.sheets
    return has_paper and _fits(state.setup, reading.device, document)
