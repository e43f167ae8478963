"""The card, behind a process of its own: events carry meaning only, no type here can hold a secret."""

from __future__ import annotations

import enum

from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ports.base import Command, Event


class CardKind(enum.Enum):
    """From the JPKI token label (facts/card.md §1.2)."""

    MY_NUMBER = "my_number"
    ANDROID = "android"
    IPHONE = "iphone"
    NO_PIN = "no_pin"
    """顔認証マイナンバーカード: no PIN was ever set. To the counter, politely."""


class CardInserted(Event, frozen=True):
    """Something lies on the reader; it is being read."""

    device: DeviceId


class CardRead(Event, frozen=True):
    """The authentication certificate was read without a PIN. `fingerprint` = SHA-256 of the DER, hex."""

    device: DeviceId
    kind: CardKind
    certificate: bytes
    fingerprint: str
    attempts_left: int
    """Tries before the PIN is blocked, queried without burning one. 0 = blocked."""


class CardUnreadable(Event, frozen=True):
    """Not a card we can use. `code`: `mute` (upside down, moved away), `not-my-number`, `no-certificate`,
    `protocol`."""

    device: DeviceId
    code: str


class CardRemoved(Event, frozen=True):
    device: DeviceId


class PinSlotOpened(Event, frozen=True):
    """The card process waits for one packet with this slot id on the secret socket. No type here can
    carry the digits."""

    device: DeviceId
    slot: SlotId
    attempts_left: int
    min_length: int
    max_length: int


class PinSlotClosed(Event, frozen=True):
    """The slot ended without a VERIFY: its time ran out or it was closed."""

    device: DeviceId
    slot: SlotId


class PinAccepted(Event, frozen=True):
    device: DeviceId


class PinRejected(Event, frozen=True):
    device: DeviceId
    attempts_left: int


class PinBlocked(Event, frozen=True):
    device: DeviceId


class ChallengeSigned(Event, frozen=True):
    device: DeviceId
    op: OpId
    signature: bytes
    fingerprint: str
    """Of the certificate on the card at the moment of signing: must equal CardRead's."""


class CardFailed(Event, frozen=True):
    """A card operation did not end well; the session with this card is over. `code` as in the driver's README."""

    device: DeviceId
    code: str


class OpenPinSlot(Command, frozen=True):
    device: DeviceId


class ClosePinSlot(Command, frozen=True):
    device: DeviceId


class SignChallenge(Command, frozen=True):
    """Sign `message` with the authentication key. Only after PinAccepted. The card hashes nothing: the process does."""

    device: DeviceId
    op: OpId
    message: bytes


class EndCardSession(Command, frozen=True):
    """Power the card off and forget everything; the process goes on watching only for the card's removal."""

    device: DeviceId
