"""The card, behind a process of its own: events carry meaning only, no type here can hold a secret."""

from __future__ import annotations

import enum

import msgspec

from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ports.base import Command, Event


class CardKind(enum.Enum):
    """From the JPKI token label (facts/card.md §1.2)."""

    MY_NUMBER = "my_number"
    ANDROID = "android"
    IPHONE = "iphone"
    NO_PIN = "no_pin"
    """顔認証マイナンバーカード: no PIN was ever set. To the counter, politely."""


class NumberPart(enum.Enum):
    """照合番号B as three questions about what is printed on the card; or all of it, read by the camera."""

    BIRTH = "birth"
    """6 digits: year (of the era; of the Common Era for foreign residents), month, day."""
    EXPIRY = "expiry"
    """4 digits: the year in which the card ends."""
    CODE = "code"
    """4 digits: セキュリティコード."""
    WHOLE = "whole"
    """14 digits, from the vision process and never through a screen."""


class CardHolder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the card itself says it belongs to, from a record that was believed. Lives in memory until the session ends;
    never in a journal, log or view.
    """

    name: str
    birth: str
    """YYYY-MM-DD."""
    sex: str
    """`1` male, `2` female, `9` other (facts/card.md §2.2)."""

    def __repr__(self) -> str:
        return "CardHolder()"


class SecretKind(enum.Enum):
    """Which of the card's secrets is asked for."""

    AUTH = "auth"
    """利用者証明用, its PIN: four digits."""
    RECORD = "record"
    """券面事項入力補助用, its PIN: four digits. It opens name, address, birth date and sex, and signs nothing."""
    SIGN = "sign"
    """署名用, its password: 6 to 16 letters and digits. No service that ships asks it; the road is tested for it."""
    STAFF = "staff"
    """Of a member of staff's own card: 6 to 8 digits."""


class CardInserted(Event, frozen=True):
    """Something lies on the reader; it is being read."""

    device: DeviceId


class CardRead(Event, frozen=True):
    """What can be read without a PIN was read. `fingerprint` = SHA-256 of the certificate's DER, hex; both empty where
    the certificate is shown after the PIN only: CertificateRead follows."""

    device: DeviceId
    kind: CardKind
    certificate: bytes
    fingerprint: str
    attempts_left: int
    """Tries before the PIN is blocked, queried without burning one. 0 = blocked."""


class CertificateRead(Event, frozen=True):
    """A certificate that the card shows after its secret only. Comes right before PinAccepted."""

    device: DeviceId
    certificate: bytes
    fingerprint: str


class StaffCardRead(Event, frozen=True):
    """A staff card (PIV) and no My Number Card. Certificates are DER; empty where the card has none.

    `certificate` is of the key that its PIN opens, `tap_certificate` of the one that wants no PIN.
    """

    device: DeviceId
    certificate: bytes
    tap_certificate: bytes
    attempts_left: int
    """Tries of the PIN that the card has left, asked without burning one. 0: blocked."""


class CardUnreadable(Event, frozen=True):
    """Not a card we can use. `code`: `mute` (upside down, moved away), `busy`, `not-my-number`, `no-certificate`,
    `protocol`."""

    device: DeviceId
    code: str
    goes_on: bool = False
    """What was typed of 照合番号B is still held, for the card that comes after this one."""


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


class DigitsEntered(Event, frozen=True):
    """How many digits the ten-key beside the screen holds for this slot. Never which: they do not leave the card
    process.
    """

    device: DeviceId
    slot: SlotId
    count: int


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


class NumberSlotOpened(Event, frozen=True):
    """The card process waits for one packet with the digits of this part. No card needs to be there."""

    device: DeviceId
    part: NumberPart
    slot: SlotId
    length: int


class NumberPartTaken(Event, frozen=True):
    """The part has a possible form and is held. After the last one the whole number is held for at most 60 s, until a
    card is there."""

    device: DeviceId
    part: NumberPart
    slot: SlotId


class NumberPartRefused(Event, frozen=True):
    """Not a date, or a year in which no card ends: nothing of this part is held, no try of any card was used."""

    device: DeviceId
    part: NumberPart
    slot: SlotId


class NumberForgotten(Event, frozen=True):
    """Nothing of the number is held any more: its time ran out, or the process that held it ended."""

    device: DeviceId


class NumberRejected(Event, frozen=True):
    """The card does not know this number. `attempts_left` 0: it takes no number any more."""

    device: DeviceId
    attempts_left: int


class SurfaceRead(Event, frozen=True):
    """The card's face was opened with the number and believed: issuer, record, and that the card is no copy. Its photo
    waits in the card process."""

    device: DeviceId
    holder: CardHolder
    fingerprint: str
    """Of the certificate of the same uninterrupted session: must equal CardRead's."""


class SurfaceFailed(Event, frozen=True):
    """The card's face could not be read or believed. `code`: `no-surface` (a phone), `not-believed`, `few-tries`,
    `no-roots`, `protocol`. The card is still usable for the PIN."""

    device: DeviceId
    code: str


class PhotoHandedOver(Event, frozen=True):
    """The photo went to the vision process, or was not taken there."""

    device: DeviceId
    slot: SlotId
    is_taken: bool


class OpenNumberSlot(Command, frozen=True):
    """Ask for a part of 照合番号B. Before the card is there, and also when it is."""

    device: DeviceId
    part: NumberPart


class ForgetNumber(Command, frozen=True):
    """Close the slot and wipe what is held of the number. No answer."""

    device: DeviceId


class HandOverPhoto(Command, frozen=True):
    """Send the believed photo to the vision process's slot: ends in PhotoHandedOver. After SurfaceRead only."""

    device: DeviceId
    slot: SlotId


class OpenPinSlot(Command, frozen=True):
    """Ends in PinSlotOpened; in PinAccepted where the owner has approved on the phone itself; in PinBlocked. With
    RECORD: in PinSlotOpened, then SurfaceRead (without a photo), PinRejected or SurfaceFailed; or in SurfaceFailed."""

    device: DeviceId
    secret: SecretKind = SecretKind.AUTH


class ClosePinSlot(Command, frozen=True):
    device: DeviceId


class SignChallenge(Command, frozen=True):
    """Sign `message` with the key that the secret opened. Only after PinAccepted. The card hashes nothing: the process
    does."""

    device: DeviceId
    op: OpId
    message: bytes


class ProveTap(Command, frozen=True):
    """Of a staff card: sign `message` with the key that wants no PIN. Ends in ChallengeSigned, or in CardFailed."""

    device: DeviceId
    op: OpId
    message: bytes


class SealedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a sealed code (kiosk/sealed.py): the salt (16 bytes) and the public key (Ed25519) that it makes,
    in hex."""

    salt: str
    public: str


class OpenCodeSlot(Command, frozen=True):
    """Ask for a sealed code, with a card or without: PinSlotOpened, then CodeSigned (over `message`) or CodeRejected.
    A card's own slot ends it."""

    device: DeviceId
    op: OpId
    message: bytes
    keys: tuple[SealedKey, ...]


class CodeSigned(Event, frozen=True):
    """One of the sealed codes was entered: its public key, and the signature. What it opens the core judges."""

    device: DeviceId
    op: OpId
    public: str
    signature: bytes


class CodeRejected(Event, frozen=True):
    """None of them."""

    device: DeviceId


class EndCardSession(Command, frozen=True):
    """Power the card off and forget everything; the process goes on watching only for the card's removal."""

    device: DeviceId
