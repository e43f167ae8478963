"""What travels between the core and a card process: kiosk.ports' own types, one JSON object a line, both
ways.

    core -> card   OpenPinSlot, ClosePinSlot, SignChallenge, EndCardSession
    card -> core DeviceArrived, DeviceLost, CardInserted, CardRead, CardUnreadable, CardRemoved,
    PinSlotOpened,
                   PinSlotClosed, PinAccepted, PinRejected, PinBlocked, ChallengeSigned, CardFailed

No type here has room for a secret. The frame and its bound are those of kiosk.ipc.wire.
"""

from __future__ import annotations

from typing import Final

from kiosk import ports
from kiosk.ipc.wire import LineDecoder
from kiosk.plain import Codec, encode

CardEvent = (
    ports.DeviceArrived
    | ports.DeviceLost
    | ports.CardInserted
    | ports.CardRead
    | ports.CardUnreadable
    | ports.CardRemoved
    | ports.PinSlotOpened
    | ports.PinSlotClosed
    | ports.PinAccepted
    | ports.PinRejected
    | ports.PinBlocked
    | ports.ChallengeSigned
    | ports.CardFailed
)
CardCommand = ports.OpenPinSlot | ports.ClosePinSlot | ports.SignChallenge | ports.EndCardSession

_EVENTS: Final[Codec[CardEvent]] = Codec(CardEvent)
_COMMANDS: Final[Codec[CardCommand]] = Codec(CardCommand)


def line(message: CardEvent | CardCommand) -> bytes:
    return encode(message) + b"\n"


def event_decoder() -> LineDecoder[CardEvent]:
    """Reads what a card process says."""
    return LineDecoder(_EVENTS)


def command_decoder() -> LineDecoder[CardCommand]:
    """Reads what the core says."""
    return LineDecoder(_COMMANDS)
