"""The core's own events and commands beside those of kiosk/ports: the journal's, the staff's, the loop's. Pure."""

from __future__ import annotations

from typing import Any

from kiosk.intents import Intent, StaffIntent
from kiosk.ports import Command, Event, Slip
from kiosk.treasury.acts import Staff
from kiosk.treasury.refusals import Refusal
from kiosk.view import Role


class Append(Command, frozen=True):
    """Make these durable, together, before anything that follows. Each comes back as `Recorded`."""

    records: tuple[Any, ...]


class Recorded(Event, frozen=True):
    """These records are durable, in one write. Acts follow from here and from nowhere else."""

    entries: tuple[tuple[int, Any], ...]
    """(sequence number, record)"""


class DuplicateCredit(Event, frozen=True):
    """The journal already holds this coin's key: nothing new came in."""


class JournalDied(Event, frozen=True):
    """A record could not be made durable. Nothing more can be taken or given."""


class RoomJudged(Event, frozen=True):
    """Whether the disk has room for a whole visit; asked before money is, and between people."""

    is_enough: bool


class Asked(Event, frozen=True):
    """Somebody at a screen asked for something; the loop has checked role and step."""

    role: Role
    intent: Intent


class StaffAsked(Event, frozen=True):
    """An identified person of the staff asks; who it is, the rim has proven. `request` names the answer."""

    request: int
    staff: Staff
    intent: StaffIntent


class StaffSlipAsked(Event, frozen=True):
    """An identified person wants this paper about the cash; it is made of what the journal holds already."""

    slip: Slip


class AnswerStaff(Command, frozen=True):
    """What became of a StaffAsked: refused, or these records are durable."""

    request: int
    refusal: Refusal | None
    records: tuple[Any, ...] = ()


class CloseDayAsked(Event, frozen=True):
    """By the evening's timer or an identified person."""

    operator: str


class Seal(Command, frozen=True):
    """Sign the ledger and the chain's head as they stand; comes back as `Recorded` with a Checkpoint."""
