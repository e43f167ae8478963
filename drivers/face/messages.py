"""What travels between the core and a vision process: kiosk.ports' own types, one JSON object a line, both ways.

    core -> vision   StartFaceCheck, StopFaceCheck, ForbidCamera, AllowCamera, StartReadingCode, StopReadingCode,
                     StartReadingNumber, StopReadingNumber, ExamineCamera, Ping
    vision -> core   DeviceArrived, DeviceLost, CameraForbidden, PhotoSlotOpened, FaceHint, FaceTurnAsked,
                     FaceTurnEnded, FaceJudged, PaymentCodeRead, CardHint, NumberReadingEnded, CameraExamined, Pong

No type here has room for a picture, for numbers that describe a face, or for a digit of a card.
"""

from __future__ import annotations

from typing import Final

from kiosk import ports
from kiosk.ipc.fresh import Ping, Pong
from kiosk.ipc.wire import LineDecoder
from kiosk.plain import Codec, encode

FaceEvent = (
    ports.DeviceArrived
    | ports.DeviceLost
    | ports.CameraForbidden
    | ports.PhotoSlotOpened
    | ports.FaceHint
    | ports.FaceTurnAsked
    | ports.FaceTurnEnded
    | ports.FaceJudged
    | ports.PaymentCodeRead
    | ports.CardHint
    | ports.NumberReadingEnded
    | ports.CameraExamined
)
FaceCommand = (
    ports.StartFaceCheck
    | ports.StopFaceCheck
    | ports.ForbidCamera
    | ports.AllowCamera
    | ports.StartReadingCode
    | ports.StopReadingCode
    | ports.StartReadingNumber
    | ports.StopReadingNumber
    | ports.ExamineCamera
)

_EVENTS: Final[Codec[FaceEvent | Pong]] = Codec(FaceEvent | Pong)
_COMMANDS: Final[Codec[FaceCommand | Ping]] = Codec(FaceCommand | Ping)


def line(message: FaceEvent | FaceCommand | Ping | Pong) -> bytes:
    return encode(message) + b"\n"


def event_decoder() -> LineDecoder[FaceEvent | Pong]:
    """Reads what a vision process says."""
    return LineDecoder(_EVENTS)


def command_decoder() -> LineDecoder[FaceCommand | Ping]:
    """Reads what the core says."""
    return LineDecoder(_COMMANDS)
