"""The vision process: no picture, distance or measure of a face, and no digit of a card, has a type here."""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ports.base import Command, Event


class FaceOutcome(enum.Enum):
    MATCHED = "matched"
    """Alive as far as we can tell, and the person of the photo."""
    NOT_MATCHED = "not_matched"
    NOT_LIVE = "not_live"
    """The asked turns of the head did not come."""
    NOT_JUDGED = "not_judged"
    """Nothing was found out: time, camera, photo. No word about the person."""


class FaceBand(enum.Enum):
    """How far from the threshold, coarsely: a score would help who tries faces."""

    NONE = "none"
    CLEAR = "clear"
    NEAR = "near"


class FaceHintCode(enum.Enum):
    NO_FACE = "no_face"
    ONE_PERSON_ONLY = "one_person_only"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    MOVE_TO_MIDDLE = "move_to_middle"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    HOLD_STILL = "hold_still"
    LOOK_HERE = "look_here"
    GOOD = "good"


class CardHintCode(enum.Enum):
    """What the person who holds up a card can do now."""

    NO_CARD = "no_card"
    COME_CLOSER = "come_closer"
    TILT = "tilt"
    """Print is there and cannot be read: glare, shadow, slant."""
    HOLD_STILL = "hold_still"
    """It is being read."""


class TurnDirection(enum.Enum):
    """The person's own left and right."""

    LEFT = "left"
    RIGHT = "right"


class FaceBox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the face is, in parts of the picture's width and height, as the camera sees it (not mirrored)."""

    left: float
    top: float
    right: float
    bottom: float


class PhotoSlotOpened(Event, frozen=True):
    """The vision process waits for the card's photo: one packet with this slot id, from the card process only."""

    device: DeviceId
    op: OpId
    slot: SlotId


class FaceHint(Event, frozen=True):
    """What the person can do now; GOOD: nothing. Told when it changes, and a few times a second for the box."""

    device: DeviceId
    code: FaceHintCode
    box: FaceBox | None = None


class FaceTurnAsked(Event, frozen=True):
    device: DeviceId
    direction: TurnDirection


class FaceTurnEnded(Event, frozen=True):
    """The asked turn was seen: back to the front."""

    device: DeviceId


class FaceJudged(Event, frozen=True):
    """The check is over, the camera shut and everything of it forgotten. `reason` as in the driver's README."""

    device: DeviceId
    op: OpId
    outcome: FaceOutcome
    band: FaceBand
    reason: str


class CardHint(Event, frozen=True):
    """A card is looked for. Told when it changes. Nothing of what stands on it."""

    device: DeviceId
    code: CardHintCode


class NumberReadingEnded(Event, frozen=True):
    """The camera is shut again. `reason` empty: the number went to the card process, whose word comes from there; else
    `time`, `stopped`, `camera`, `camera-forbidden`, `not-taken`, `process-lost`, `process-hangs`.
    """

    device: DeviceId
    slot: SlotId
    reason: str


class CameraForbidden(Event, frozen=True):
    """The camera is shut and stays so until AllowCamera: a secret slot may open now."""

    device: DeviceId


class CameraFinding(NamedTuple):
    """One word about the camera, of a closed list (drivers/face/README.md); `mark`: `ok`, `doubt`, `bad`."""

    what: str
    word: str
    mark: str


class CameraExamined(Event, frozen=True):
    """The camera is shut again; of the pictures these words are left, and none is about who was seen."""

    device: DeviceId
    op: OpId
    findings: tuple[CameraFinding, ...]


class ExamineCamera(Command, frozen=True):
    """Look at whoever of the staff agreed, or at the chart: how is the picture? Ends in CameraExamined, once."""

    device: DeviceId
    op: OpId


class StartFaceCheck(Command, frozen=True):
    """After the person was told what for, that nothing is kept and of the other way, and agreed."""

    device: DeviceId
    op: OpId
    threshold: float = 0.5


class StopFaceCheck(Command, frozen=True):
    """Ends in FaceJudged (NOT_JUDGED, `stopped`), unless it had ended."""

    device: DeviceId


class StartReadingNumber(Command, frozen=True):
    """Look for a card's front and send 照合番号B to this slot of the card process. Ends in NumberReadingEnded, once."""

    device: DeviceId
    slot: SlotId


class StopReadingNumber(Command, frozen=True):
    """Ends in NumberReadingEnded (`stopped`), unless it had ended."""

    device: DeviceId


class ForbidCamera(Command, frozen=True):
    """A secret slot is about to open: ends in CameraForbidden. A fresh vision process begins forbidden."""

    device: DeviceId


class AllowCamera(Command, frozen=True):
    """No secret slot is open."""

    device: DeviceId
