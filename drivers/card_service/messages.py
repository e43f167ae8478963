"""What travels between the core and a card process: kiosk.ports' own types, one JSON object a line, both
ways.

    core -> card   OpenNumberSlot, ForgetNumber, OpenPinSlot, ClosePinSlot, SignChallenge, ProveTap, HandOverPhoto,
                   EndCardSession, Ping
    card -> core   DeviceArrived, DeviceLost, CardInserted, CardRead, StaffCardRead, CertificateRead, CardUnreadable,
                   CardRemoved,
                   NumberSlotOpened, NumberPartTaken, NumberPartRefused, NumberForgotten, NumberRejected,
                   SurfaceRead, SurfaceFailed,
                   PinSlotOpened, PinSlotClosed, DigitsEntered, PinAccepted, PinRejected, PinBlocked, ChallengeSigned,
                   PhotoHandedOver, CardFailed, Pong

No type here has room for a secret. The frame and its bound are those of kiosk.ipc.wire.
"""

from __future__ import annotations

from typing import Final

from kiosk import ports
from kiosk.ipc.fresh import Ping, Pong
from kiosk.ipc.wire import LineDecoder
from kiosk.plain import Codec, encode

CardEvent = (
    ports.DeviceArrived
    | ports.DeviceLost
    | ports.CardInserted
    | ports.CardRead
    | ports.CardUnreadable
    | ports.StaffCardRead
    | ports.CertificateRead
    | ports.CardRemoved
    | ports.PinSlotOpened
    | ports.PinSlotClosed
    | ports.DigitsEntered
    | ports.PinAccepted
    | ports.PinRejected
    | ports.PinBlocked
    | ports.ChallengeSigned
    | ports.CardFailed
    | ports.NumberSlotOpened
    | ports.NumberPartTaken
    | ports.NumberPartRefused
    | ports.NumberForgotten
    | ports.NumberRejected
    | ports.SurfaceRead
    | ports.SurfaceFailed
    | ports.PhotoHandedOver
)
CardCommand = (
    ports.OpenPinSlot
    | ports.ClosePinSlot
    | ports.SignChallenge
    | ports.ProveTap
    | ports.EndCardSession
    | ports.OpenNumberSlot
    | ports.ForgetNumber
    | ports.HandOverPhoto
)

_EVENTS: Final[Codec[CardEvent | Pong]] = Codec(CardEvent | Pong)
_COMMANDS: Final[Codec[CardCommand | Ping]] = Codec(CardCommand | Ping)


def line(message: CardEvent | CardCommand | Ping | Pong) -> bytes:
    return encode(message) + b"\n"


def event_decoder() -> LineDecoder[CardEvent | Pong]:
    """Reads what a card process says."""
    return LineDecoder(_EVENTS)


def command_decoder() -> LineDecoder[CardCommand | Ping]:
    """Reads what the core says."""
    return LineDecoder(_COMMANDS)
