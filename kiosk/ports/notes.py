"""Notes, in XFS4IoT's words: CashIn = escrow, CashInEnd = stack, CashInRollback = return, ItemsPresented, ItemsTaken.

A recycler's boxes pay like hoppers (HopperRead, Dispense, ResolveDispense, DispenseEnded), note by note. `issue` is
the device's own code of a note: old and new notes of one face have different ones.
"""

from __future__ import annotations

from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports.base import Command, Event


class NoteEscrowed(Event, frozen=True):
    """A note is read and held; nothing is decided. StackNote or ReturnNote; without an answer it goes back."""

    device: DeviceId
    denomination: Denomination
    issue: str


class NoteCredited(Event, frozen=True):
    """The note is in and cannot go back. The device says so until AcknowledgeCredit. `op` (StackNote's) is the key of
    this credit for ever: the event may come again."""

    op: OpId
    device: DeviceId
    denomination: Denomination
    issue: str
    unit: DeviceId
    """Where it goes as far as the device has said: a recycler's box, or the cash box (`cashbox`)."""


class NoteStacked(Event, frozen=True):
    """The credited note lies in `unit` (empty: the device did not say again; where NoteCredited said)."""

    op: OpId
    device: DeviceId
    unit: DeviceId


class NoteReturned(Event, frozen=True):
    """The note went back to the person: proven, no money. `op` when StackNote had been given for it."""

    device: DeviceId
    code: str
    op: OpId = OpId("")


class NoteRefused(Event, frozen=True):
    """The device did not want it (XFS4IoT InputRefuse); no money. `code`: why, as a word."""

    device: DeviceId
    code: str


class NoteInDoubt(Event, frozen=True):
    """A note is inside, or was, and nothing proves whose it is. Money UNKNOWN until NoteCredited or NoteReturned of
    the same `op` comes, counts prove it, or a person settles it."""

    device: DeviceId
    code: str
    op: OpId = OpId("")


class NotePresented(Event, frozen=True):
    """A note that is paid out waits in the bezel. Not taken yet, and not unpaid either."""

    op: OpId
    device: DeviceId


class NotePaid(Event, frozen=True):
    """`paid` notes of this payout are out so far. The device goes on only after AcknowledgePayout of that number,
    which the core sends when the number is durable."""

    op: OpId
    device: DeviceId
    paid: int


class NoteRetracted(Event, frozen=True):
    """The note in the bezel was not taken and goes back into the unit."""

    op: OpId
    device: DeviceId


class StartNoteAcceptor(Command, frozen=True):
    """The first command after each arrival. `op`: a StackNote of which the journal has no end."""

    device: DeviceId
    op: OpId = OpId("")
    denomination: Denomination | None = None
    is_credited: bool = False
    """Its credit is durable: only NoteStacked is missing."""
    is_doubtful: bool = False
    """It was in doubt already (NoteInDoubt is durable): a device that rests proves nothing of it."""


class StackNote(Command, frozen=True):
    """Take the note in escrow. Sent only after its intent is durable. Ends in NoteCredited, NoteReturned or
    NoteInDoubt."""

    op: OpId
    device: DeviceId


class ReturnNote(Command, frozen=True):
    """Give the note in escrow back. Ends in NoteReturned."""

    device: DeviceId


class AcknowledgeCredit(Command, frozen=True):
    """The credit of `op` is durable: the device may forget it. The commit point of a note."""

    op: OpId
    device: DeviceId


class AcknowledgePayout(Command, frozen=True):
    """NotePaid with `paid` is durable: the device may go on."""

    op: OpId
    device: DeviceId
    paid: int


class StopDispense(Command, frozen=True):
    """Pay no further note. The payout ends in DispenseEnded as ever, by what the counts prove."""

    op: OpId
    device: DeviceId


class ResetNotePath(Command, frozen=True):
    """Clear the path: moves a note that may be inside. Never a reflex: what it may be must be in the journal first."""

    device: DeviceId
