"""Coins: acceptors and hoppers, in XFS4IoT's words for units and counts."""

from __future__ import annotations

import msgspec

from kiosk.ids import DeviceId, OpId
from kiosk.money import NO_CASH, Cash, Denomination
from kiosk.ports.base import Command, Event, Outcome


class CreditMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an acceptor's credits stand: the device's own 8-bit counter and our running count inside an epoch."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    serial: str = ""
    counts: Cash = NO_CASH
    """Pieces credited in this epoch."""


class CoinAccepted(Event, frozen=True):
    """One piece is in. Key (device, epoch, seq) is unique for ever: a replay is the same key."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    denomination: Denomination
    unit: DeviceId
    """Where the sorter sent it: a hopper's device id, or the cash box (`cashbox`)."""
    serial: str = ""
    """The acceptor's serial number, so that its epoch is known after a restart."""


class CoinRefused(Event, frozen=True):
    """A piece came back or was not recognised; no money. `code` from ccTalk's error table, as a word.

    It moves the device's counter all the same: `epoch`, `seq`, `raw` and `serial` say where that stands now.
    """

    device: DeviceId
    code: str
    epoch: int = 0
    seq: int = 0
    raw: int = 0
    serial: str = ""


class CreditsLost(Event, frozen=True):
    """The device counted more than it could tell us: up to `at_most` pieces of unknown value are in it."""

    device: DeviceId
    epoch: int
    at_most: int


class AcceptorReset(Event, frozen=True):
    """The acceptor lost its counter, is another one, or is seen for the first time: a new epoch begins at counter
    `raw`. Up to `at_most` pieces since the last poll are unknown (0: it was closed, or is new to us)."""

    device: DeviceId
    epoch: int
    serial: str = ""
    raw: int = 0
    at_most: int = 5


class AcceptanceSet(Event, frozen=True):
    """The device confirmed which faces it takes now; none = closed."""

    device: DeviceId
    denominations: tuple[Denomination, ...]


class HopperRead(Event, frozen=True):
    """What the hopper itself says. `event_counter` (ccTalk 166) and `lifetime` (168) are evidence, kept in intents.

    A recycler's box has no such counters: its evidence is `count`, which stands in `event_counter` too.
    """

    device: DeviceId
    denomination: Denomination
    serial: str
    event_counter: int
    lifetime: int
    is_low: bool
    is_high: bool
    count: int = -1
    """Pieces that the unit says it holds; -1: it cannot count them."""


class DispenseProgressed(Event, frozen=True):
    op: OpId
    device: DeviceId
    paid: int


class DispenseEnded(Event, frozen=True):
    """`paid` pieces went out of `asked`. UNKNOWN: `paid` is what is proven, the rest is in doubt."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    asked: int
    paid: int
    event_counter: int = 0
    lifetime: int = 0
    code: str = ""


class StartAcceptor(Command, frozen=True):
    """The first command: where the journal stands, so that credits counted meanwhile are told, once."""

    device: DeviceId
    mark: CreditMark | None


class SetAcceptance(Command, frozen=True):
    device: DeviceId
    denominations: tuple[Denomination, ...]


class ReadHopper(Command, frozen=True):
    device: DeviceId


class Dispense(Command, frozen=True):
    """Pay `count` pieces. Sent only after its intent is durable; never sent twice; the device is asked on any doubt."""

    op: OpId
    device: DeviceId
    count: int


class ResolveDispense(Command, frozen=True):
    """After a restart: what became of this operation? Reads only. Ends in DispenseEnded."""

    op: OpId
    device: DeviceId
    asked: int
    event_counter_before: int
    lifetime_before: int
    serial: str
    paid: int = 0
    """Pieces of it that the journal knows to be out (NotePaid)."""
