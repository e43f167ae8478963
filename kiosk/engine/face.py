"""Is this the person on the card? 照合番号B before the card, its face when it is in, the camera after the PIN. Pure.

The order of events is docs/face-in-a-visit.md. Whatever does not end well leads to the other way (staff look, or the
counter), never to a refusal: a face that a machine does not know says nothing about the person.
"""

from __future__ import annotations

from kiosk.engine.session import advance, close_camera, enter, notify, return_card, stop_check
from kiosk.engine.state import FaceTalk, FaceWay, Phase, Turn
from kiosk.ids import OpId
from kiosk.journal.records import FaceCheckEnded, FaceVouched
from kiosk.ports import (
    AllowCamera,
    CameraForbidden,
    CardRemoved,
    DeviceLost,
    FaceHint,
    FaceJudged,
    FaceOutcome,
    FaceTurnAsked,
    FaceTurnEnded,
    ForbidCamera,
    ForgetNumber,
    HandOverPhoto,
    NumberForgotten,
    NumberPart,
    NumberPartRefused,
    NumberPartTaken,
    NumberRejected,
    NumberSlotOpened,
    OpenNumberSlot,
    OpenPinSlot,
    PhotoHandedOver,
    PhotoSlotOpened,
    StartFaceCheck,
    StartTimer,
    StopFaceCheck,
    StopTimer,
    SurfaceFailed,
    SurfaceRead,
)
from kiosk.services.plan import Step

PARTS = (NumberPart.BIRTH, NumberPart.EXPIRY, NumberPart.CODE)
"""The order of the questions: as they stand on the card, from the top."""
NUMBERS_WRONG_MAX = 2
"""In one session; a card has ten for ever."""
FORGOTTEN_MAX = 3
NO_SECOND_CHECK = (FaceOutcome.MATCHED, FaceOutcome.NOT_MATCHED)
"""Whoever was judged is not judged again: thresholds are not for trying."""


def ask_slot(turn: Turn, command: OpenPinSlot | OpenNumberSlot) -> None:
    """A secret's slot opens only when the camera is shut."""
    if turn.state.camera_is_allowed:
        turn.set(slot_waits=command)
        turn.do(ForbidCamera(turn.state.setup.camera))
    else:
        turn.do(command)


def camera_forbidden(turn: Turn, _: CameraForbidden) -> None:
    waiting = turn.state.slot_waits
    turn.set(camera_is_allowed=False, slot_waits=None)
    if waiting is not None and turn.state.phase in (
        Phase.OPENING_PIN,
        Phase.OPENING_NUMBER,
        Phase.STAFF_LOGIN,
    ):
        turn.do(waiting)


# --- before the card: what for, and 照合番号B -------------------------------------------------------------------------


def enter_number(turn: Turn) -> None:
    match turn.session.face.way:
        case FaceWay.UNDECIDED:
            turn.go(Phase.OFFERING_FACE)
        case FaceWay.CAMERA:
            ask_part(turn, NumberPart.BIRTH, turn.session.face.note)
        case FaceWay.STAFF:
            advance(turn)


def agreed(turn: Turn, _: object) -> None:
    turn.edit_face(way=FaceWay.CAMERA)
    ask_part(turn, NumberPart.BIRTH)


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
    if event.part is turn.session.face.part:
        turn.go(Phase.ENTERING_NUMBER)
        turn.edit(slot=event.slot, digits=0)


def part_taken(turn: Turn, event: NumberPartTaken) -> None:
    if not _is_asked(turn, event):
        return
    turn.edit(slot="")
    following = PARTS.index(event.part) + 1
    if following < len(PARTS):
        ask_part(turn, PARTS[following])
    else:
        turn.edit_face(note="")
        advance(turn)


def part_refused(turn: Turn, event: NumberPartRefused) -> None:
    """Not a date that a card can carry: no card was asked, no try was used."""
    if _is_asked(turn, event):
        ask_part(turn, event.part, "refused")


def _is_asked(turn: Turn, event: NumberPartTaken | NumberPartRefused) -> bool:
    """Not a late answer about an earlier question."""
    return event.slot == turn.session.slot and event.part is turn.session.face.part


def number_back(turn: Turn, _: object) -> None:
    at = PARTS.index(turn.session.face.part)
    if at:
        ask_part(turn, PARTS[at - 1])
    else:
        undecide(turn)
        enter(turn, Step.NUMBER)


def undecide(turn: Turn) -> None:
    """Back before the question of the face; what is held of the number is forgotten."""
    turn.do(ForgetNumber(turn.state.setup.card_reader))
    turn.edit(slot="")
    turn.edit_face(way=FaceWay.UNDECIDED, note="")


def number_forgotten(turn: Turn, _: NumberForgotten | CardRemoved) -> None:
    """The minute is over, or the process that held it has ended: ask again; not for ever."""
    if turn.session.face.way is FaceWay.CAMERA:
        _again(turn, "forgotten")


def card_gone_while_typing(turn: Turn, _: CardRemoved) -> None:
    """It lay there too early: its process ends, and what it held of the number with it."""
    turn.set(card=None, card_is_present=False)
    _again(turn, turn.session.face.note)


def _again(turn: Turn, note: str) -> None:
    times = turn.session.face.times_forgotten + 1
    turn.edit(step=Step.NUMBER)
    turn.edit_face(times_forgotten=times)
    if times > FORGOTTEN_MAX:
        offer_other_way(turn)
    else:
        ask_part(turn, NumberPart.BIRTH, note)


# --- the card is in: its face ----------------------------------------------------------------------------------------


def wants_surface(turn: Turn) -> bool:
    """The card is read and the number was given: its face comes before the PIN."""
    return (
        turn.state.setup.plan.wants_face
        and turn.session.face.way is FaceWay.CAMERA
        and turn.session.holder is None
    )


def await_surface(turn: Turn) -> None:
    turn.go(Phase.READING_SURFACE)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.surface_s))


def surface_read(turn: Turn, event: SurfaceRead) -> None:
    """Who the card itself says it belongs to; stays in memory until the session ends."""
    turn.do(StopTimer("stage"))
    if turn.session.card is None or event.fingerprint != turn.session.card.fingerprint:
        notify(turn, "C-108")
        return
    turn.edit(holder=event.holder)
    advance(turn)


def number_rejected(turn: Turn, event: NumberRejected) -> None:
    """Not the number of this card. Once more, with the card in the hand; then the other way."""
    turn.do(StopTimer("stage"))
    wrong = turn.session.face.numbers_wrong + 1
    turn.edit_face(numbers_wrong=wrong, note="wrong")
    if wrong >= NUMBERS_WRONG_MAX or not event.attempts_left:
        offer_other_way(turn)
    else:
        turn.edit(challenge=None)
        return_card(turn)


def surface_failed(turn: Turn, event: SurfaceFailed) -> None:
    turn.do(StopTimer("stage"))
    if event.code == "not-believed":
        turn.set(is_staff_called=True)
        notify(turn, "C-113")
    else:
        offer_other_way(turn)


def surface_late(turn: Turn, _: object) -> None:
    offer_other_way(turn)


# --- after the PIN: the camera ----------------------------------------------------------------------------------------


def enter_face(turn: Turn) -> None:
    if turn.session.face.way is FaceWay.STAFF:
        await_look(turn)
    elif turn.session.holder is not None:
        turn.go(Phase.READY_FOR_FACE)
    else:
        offer_other_way(turn)


def start_check(turn: Turn, _: object) -> None:
    """The person touched: only now may the camera open."""
    setup = turn.state.setup
    op = OpId(turn.token())
    turn.edit(face=FaceTalk(way=FaceWay.CAMERA, checks=turn.session.face.checks + 1, op=op))
    turn.set(camera_is_allowed=True)
    turn.go(Phase.CHECKING_FACE)
    turn.do(
        AllowCamera(setup.camera),
        StartFaceCheck(setup.camera, op, setup.face_threshold),
        StartTimer("face", setup.timeouts.face_s),
    )


def photo_slot_opened(turn: Turn, event: PhotoSlotOpened) -> None:
    """The photo goes from the card process to the vision process; it never comes here."""
    if event.op == turn.session.face.op:
        turn.do(HandOverPhoto(turn.state.setup.card_reader, event.slot))


def photo_handed_over(turn: Turn, event: PhotoHandedOver) -> None:
    if not event.is_taken:
        turn.do(StopFaceCheck(turn.state.setup.camera))


def hinted(turn: Turn, event: FaceHint) -> None:
    turn.edit_face(hint=event.code, box=event.box)


def turn_asked(turn: Turn, event: FaceTurnAsked) -> None:
    turn.edit_face(turn=event.direction, is_coming_back=False)


def turn_ended(turn: Turn, _: FaceTurnEnded) -> None:
    turn.edit_face(turn=None, is_coming_back=True)


def judged(turn: Turn, event: FaceJudged) -> None:
    if event.op != turn.session.face.op:
        return
    turn.record(
        FaceCheckEnded(
            turn.session.transaction,
            event.outcome.value,
            event.band.value,
            event.reason,
            turn.state.setup.face_threshold,
        )
    )
    close_camera(turn)
    turn.edit_face(outcome=event.outcome)
    if event.outcome is FaceOutcome.MATCHED:
        advance(turn)
    else:
        offer_other_way(turn)


def check_late(turn: Turn, _: object) -> None:
    """The vision process does not come to an end: it is not waited for."""
    _give_up(turn, "core-timer")


def camera_lost(turn: Turn, event: DeviceLost) -> None:
    if event.device == turn.state.setup.camera and turn.state.phase is Phase.CHECKING_FACE:
        _give_up(turn, event.code)


def _give_up(turn: Turn, reason: str) -> None:
    setup = turn.state.setup
    not_judged = FaceOutcome.NOT_JUDGED
    turn.record(
        FaceCheckEnded(turn.session.transaction, not_judged.value, "none", reason, setup.face_threshold)
    )
    stop_check(turn)
    turn.edit_face(outcome=not_judged)
    offer_other_way(turn)


# --- the other way ----------------------------------------------------------------------------------------------------


def other_way(turn: Turn, _: object) -> None:
    stop_check(turn)
    if turn.state.phase in (Phase.OPENING_NUMBER, Phase.ENTERING_NUMBER):
        turn.do(ForgetNumber(turn.state.setup.card_reader))
    offer_other_way(turn)


def offer_other_way(turn: Turn) -> None:
    turn.edit(slot="")
    turn.go(Phase.CHOOSING_OTHER_WAY)


def may_retry(turn: Turn) -> bool:
    """The camera once more: when nothing was judged, and not for ever."""
    face = turn.session.face
    return (
        turn.session.step is Step.FACE
        and turn.session.holder is not None
        and face.checks < turn.state.setup.face_checks
        and face.outcome not in NO_SECOND_CHECK
    )


def retry(turn: Turn, _: object) -> None:
    turn.go(Phase.READY_FOR_FACE)


def card_gone_while_choosing(turn: Turn, event: CardRemoved) -> None:
    """Before its turn a card may come and go; after it, one session is one card."""
    turn.set(card=None, card_is_present=False)
    if turn.session.step is not Step.NUMBER:
        notify(turn, "C-110")


def other_way_back(turn: Turn, _: object) -> None:
    undecide(turn)
    enter(turn, Step.NUMBER)


def staff_chosen(turn: Turn, _: object) -> None:
    """Before the PIN: go on, staff look after it. After it: now."""
    turn.edit_face(way=FaceWay.STAFF)
    if turn.session.step is Step.FACE:
        await_look(turn)
    else:
        advance(turn)


def await_look(turn: Turn) -> None:
    turn.set(is_staff_called=True)
    turn.go(Phase.AWAITING_LOOK)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.look_s))


def vouched(turn: Turn, event: object) -> None:
    """Staff compared the card that lies here with the person who stands here."""
    turn.do(StopTimer("stage"))
    turn.set(is_staff_called=False)
    turn.record(FaceVouched(turn.session.transaction, "assistant"))
    advance(turn)


def to_counter(turn: Turn, _: object) -> None:
    notify(turn, "F-701")
