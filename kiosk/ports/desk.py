"""What the staff desk asks of the machine's own rim: papers from the journal on disk, and facts about the computer."""

from __future__ import annotations

from kiosk.ids import DeviceId, OpId
from kiosk.ports.base import Command, Event
from kiosk.ports.printing import Slip

DESK = DeviceId("desk")
"""Who performs these: a thread of the core, no device."""


class MakePaper(Command, frozen=True):
    """`report`, `of`: as kiosk/ipc/staff_wire.py: Read. Ends in PaperMade; with `has_pages` it brings A4 pages too."""

    device: DeviceId
    op: OpId
    report: str
    of: str = ""
    has_pages: bool = False


class PaperMade(Event, frozen=True):
    """`slip` None: there is none, and why in the two languages of staff."""

    op: OpId
    slip: Slip | None
    ja: str = ""
    en: str = ""
    document: bytes = b""
    """A PDF of `pages` pages, where it was asked for."""
    pages: int = 0


class ReadFacts(Command, frozen=True):
    """The machine looks at itself (kiosk/selftest.py), and at its network's plugs. Ends in FactsRead."""

    device: DeviceId
    op: OpId


class FactsRead(Event, frozen=True):
    """(what, finding, `ok` | `bad` | `doubt`), no person's. `is_well`: nothing bad among them."""

    op: OpId
    facts: tuple[tuple[str, str, str], ...]
    is_well: bool
