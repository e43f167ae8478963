"""What travels between the core and a card process: kiosk.ports' own types, one JSON object a line, both
ways.

    core -> card   UseReader (first, once), OpenNumberSlot, ForgetNumber, OpenPinSlot, ClosePinSlot, SignChallenge,
                   ProveTap, HandOverPhoto, OpenCodeSlot, EndCardSession, Ping
    card -> core   DeviceArrived, DeviceLost, CardInserted, CardRead, StaffCardRead, CertificateRead, CardUnreadable,
                   CardRemoved,
                   NumberSlotOpened, NumberPartTaken, NumberPartRefused, NumberForgotten, NumberRejected,
                   SurfaceRead, SurfaceFailed,
                   PinSlotOpened, PinSlotClosed, DigitsEntered, PinAccepted, PinRejected, PinBlocked, ChallengeSigned,
                   PhotoHandedOver, CodeSigned, CodeRejected, CardFailed, Pong

No type here has room for a secret. The frame and its bound are those of kiosk.ipc.wire.
"""

from __future__ import annotations

from typing import Final

import msgspec

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
    | ports.CodeSigned
    | ports.CodeRejected
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
    | ports.OpenCodeSlot
)


class UseReader(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Which reader this process watches: `reader` is part of its name (empty: the first by name), and none whose name
    has `not_reader` in it (empty: any). Until this comes, none is watched and none is touched.
    """

    reader: str = ""
    not_reader: str = ""


_EVENTS: Final[Codec[CardEvent | Pong]] = Codec(CardEvent | Pong)
_COMMANDS: Final[Codec[CardCommand | UseReader | Ping]] = Codec(CardCommand | UseReader | Ping)


def line(message: CardEvent | CardCommand | UseReader | Ping | Pong) -> bytes:
    return encode(message) + b"\n"


def event_decoder() -> LineDecoder[CardEvent | Pong]:
    """Reads what a card process says."""
    return LineDecoder(_EVENTS)


def command_decoder() -> LineDecoder[CardCommand | UseReader | Ping]:
    """Reads what the core says."""
    return LineDecoder(_COMMANDS)
