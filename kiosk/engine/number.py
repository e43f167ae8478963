"""照合番号B, for the card's own record and its photo: off the card by the camera, or typed in three questions. Pure.

The digits go from the vision process or the keypad to the card process; nothing here can hold one. Whoever will not, or
cannot, has another way on every screen.
"""

from __future__ import annotations

from kiosk.engine.session import advance, close_camera, enter, forbid_camera
from kiosk.engine.state import FaceTalk, FaceWay, Phase, Turn
from kiosk.ids import SlotId
from kiosk.ports import (
    AllowCamera,
    CameraForbidden,
    CardHint,
    CardHintCode,
    CardRemoved,
    DeviceLost,
    ForgetNumber,
    NumberForgotten,
    NumberPart,
    NumberPartRefused,
    NumberPartTaken,
    NumberReadingEnded,
    NumberSlotOpened,
    OpenCodeSlot,
    OpenNumberSlot,
    OpenPinSlot,
    StartReadingNumber,
    StartTimer,
    StopReadingNumber,
)
from kiosk.services.plan import Step

PARTS = (NumberPart.BIRTH, NumberPart.EXPIRY, NumberPart.CODE)
"""The order of the questions: as they stand on the card, from the top."""
FORGOTTEN_MAX = 3


def ask_slot(turn: Turn, command: OpenPinSlot | OpenNumberSlot | OpenCodeSlot) -> None:
    """A secret's slot opens only when the camera is shut."""
    if turn.state.camera_is_allowed:
        forbid_camera(turn)
    if turn.state.camera_shuttings:
        turn.set(slot_waits=command)
    else:
        turn.do(command)


def camera_forbidden(turn: Turn, _: CameraForbidden) -> None:
    shuttings = max(0, turn.state.camera_shuttings - 1)
    turn.set(camera_shuttings=shuttings)
    waiting = turn.state.slot_waits
    if shuttings or waiting is None:
        return
    turn.set(slot_waits=None)
    if turn.state.phase in (Phase.OPENING_PIN, Phase.OPENING_NUMBER, Phase.STAFF_LOGIN):
        turn.do(waiting)


# --- before the card: what for, and 照合番号B -------------------------------------------------------------------------


def enter_number(turn: Turn) -> None:
    match turn.session.face.way:
        case FaceWay.UNDECIDED:
            turn.go(Phase.OFFERING_FACE)
        case FaceWay.CAMERA:
            ask_number(turn, turn.session.face.note)
        case FaceWay.STAFF:
            advance(turn)


def agreed(turn: Turn, _: object) -> None:
    """The card's front to the camera, where the town has it so; else the questions."""
    turn.edit_face(way=FaceWay.CAMERA, is_typed=not turn.state.setup.reads_number)
    ask_number(turn)


def type_number(turn: Turn, _: object) -> None:
    """She would rather type it; from now on it is not read by the camera in this session."""
    if turn.state.phase is Phase.OFFERING_FACE:
        turn.edit_face(way=FaceWay.CAMERA)
    _type_instead(turn, "")


def _type_instead(turn: Turn, note: str) -> None:
    close_reading(turn)
    turn.do(ForgetNumber(turn.state.setup.card_reader))
    turn.edit_face(is_typed=True)
    ask_part(turn, NumberPart.BIRTH, note)


def ask_number(turn: Turn, note: str = "") -> None:
    """From its beginning."""
    ask_part(turn, NumberPart.BIRTH if turn.session.face.is_typed else NumberPart.WHOLE, note)


def offer_back(turn: Turn, _: object) -> None:
    """One question back: language, or the kinds."""
    turn.edit(face=FaceTalk())
    enter(turn, turn.state.setup.plan.before(Step.NUMBER))


def ask_part(turn: Turn, part: NumberPart, note: str = "") -> None:
    turn.go(Phase.OPENING_NUMBER)
    turn.edit(slot="")
    turn.edit_face(part=part, note=note)
    ask_slot(turn, OpenNumberSlot(turn.state.setup.card_reader, part))


def number_slot_opened(turn: Turn, event: NumberSlotOpened) -> None:
    if event.part is not turn.session.face.part:
        return
    turn.edit(slot=event.slot, digits=0)
    if event.part is NumberPart.WHOLE:
        _start_reading(turn, event.slot)
    else:
        turn.go(Phase.ENTERING_NUMBER)


def part_taken(turn: Turn, event: NumberPartTaken) -> None:
    if not _is_asked(turn, event):
        return
    close_reading(turn)
    turn.edit(slot="")
    following = PARTS.index(event.part) + 1 if event.part in PARTS else len(PARTS)
    if following < len(PARTS):
        ask_part(turn, PARTS[following])
    else:
        turn.edit_face(note="", is_held=True)
        advance(turn)


def part_refused(turn: Turn, event: NumberPartRefused) -> None:
    """Not a date that a card can carry: no card was asked, no try was used. What the camera read so is typed."""
    if not _is_asked(turn, event):
        return
    if event.part is NumberPart.WHOLE:
        _type_instead(turn, "unread")
    else:
        ask_part(turn, event.part, "refused")


def _is_asked(turn: Turn, event: NumberPartTaken | NumberPartRefused) -> bool:
    """Not a late answer about an earlier question."""
    return event.slot == turn.session.slot and event.part is turn.session.face.part


# --- the card's front to the camera


def _start_reading(turn: Turn, slot: SlotId) -> None:
    """The one open camera beside an open slot: it fills that slot (DESIGN 4)."""
    setup = turn.state.setup
    turn.edit_face(card_hint=CardHintCode.NO_CARD, is_reading=True)
    turn.set(camera_is_allowed=True)
    turn.go(Phase.SHOWING_CARD)
    turn.do(
        AllowCamera(setup.camera),
        StartReadingNumber(setup.camera, slot),
        StartTimer("face", setup.timeouts.number_s),
    )


def close_reading(turn: Turn) -> None:
    """The camera is shut, whatever it was at; nothing where no card is being read."""
    if turn.session.face.is_reading:
        turn.edit_face(is_reading=False)
        turn.do(StopReadingNumber(turn.state.setup.camera))
        close_camera(turn)


def card_hinted(turn: Turn, event: CardHint) -> None:
    turn.edit_face(card_hint=event.code)


def reading_ended(turn: Turn, event: NumberReadingEnded) -> None:
    """Sent: the card process says what it thinks of it. Anything else: the questions."""
    if event.slot == turn.session.slot and event.reason:
        _type_instead(turn, "unread")


def reading_late(turn: Turn, _: object) -> None:
    _type_instead(turn, "unread")


def reading_camera_lost(turn: Turn, event: DeviceLost) -> None:
    if event.device == turn.state.setup.camera and turn.state.phase is Phase.SHOWING_CARD:
        _type_instead(turn, "unread")


def number_back(turn: Turn, _: object) -> None:
    at = PARTS.index(turn.session.face.part) if turn.session.face.part in PARTS else 0
    if at:
        ask_part(turn, PARTS[at - 1])
    else:
        undecide(turn)
        enter(turn, Step.NUMBER)


def undecide(turn: Turn) -> None:
    """Back before the question of the face; what is held of the number is forgotten."""
    close_reading(turn)
    turn.do(ForgetNumber(turn.state.setup.card_reader))
    turn.edit(slot="")
    turn.edit_face(way=FaceWay.UNDECIDED, note="", is_held=False)


def number_forgotten(turn: Turn, _: NumberForgotten | CardRemoved) -> None:
    """The minute is over, or the process that held it has ended: ask again; not for ever."""
    turn.edit_face(is_held=False)
    if turn.session.face.way is FaceWay.CAMERA:
        _again(turn, "forgotten")


def number_gone(turn: Turn, _: NumberForgotten) -> None:
    """While something else is being asked: it will be asked again where it is needed."""
    if turn.state.session is not None:
        turn.edit_face(is_held=False)


def card_gone_while_typing(turn: Turn, _: CardRemoved) -> None:
    """It lay there too early: its process ends, and what it held of the number with it."""
    turn.set(card=None, card_is_present=False)
    _again(turn, turn.session.face.note)


def _again(turn: Turn, note: str) -> None:
    close_reading(turn)
    times = turn.session.face.times_forgotten + 1
    turn.edit(step=Step.NUMBER)
    turn.edit_face(times_forgotten=times, is_held=False)
    if times > FORGOTTEN_MAX:
        offer_other_way(turn)
    else:
        ask_number(turn, note)


def offer_other_way(turn: Turn) -> None:
    turn.edit(slot="")
    turn.go(Phase.CHOOSING_OTHER_WAY)
