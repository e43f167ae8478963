"""Is this the person on the card? The card's own record when the card is in, the camera after the PIN. Pure.

Before them comes 照合番号B (number.py); the order of events is docs/face-in-a-visit.md. Whatever does not end well
leads to the other way (staff look, or the counter), never to a refusal: a face that a machine does not know says
nothing about the person.
"""

from __future__ import annotations

from kiosk.engine.number import close_reading, offer_other_way, undecide
from kiosk.engine.session import advance, close_camera, enter, notify, return_card, stop_check
from kiosk.engine.state import FaceTalk, FaceWay, Phase, Turn
from kiosk.ids import OpId
from kiosk.journal.records import FaceCheckEnded, FaceVouched
from kiosk.ports import (
    AllowCamera,
    CardRemoved,
    DeviceLost,
    FaceHint,
    FaceJudged,
    FaceOutcome,
    FaceTurnAsked,
    FaceTurnEnded,
    ForgetNumber,
    HandOverPhoto,
    NumberRejected,
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

NUMBERS_WRONG_MAX = 2
"""In one session; a card has ten for ever."""
NO_SECOND_CHECK = (FaceOutcome.MATCHED, FaceOutcome.NOT_MATCHED)
"""Whoever was judged is not judged again: thresholds are not for trying."""


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
    turn.edit_face(is_held=False)
    if turn.session.card is None or event.fingerprint != turn.session.card.fingerprint:
        notify(turn, "C-108")
        return
    turn.edit(holder=event.holder)
    advance(turn)


def number_rejected(turn: Turn, event: NumberRejected) -> None:
    """Not the number of this card. Once more, with the card in the hand; then the other way."""
    turn.do(StopTimer("stage"))
    wrong = turn.session.face.numbers_wrong + 1
    turn.edit_face(numbers_wrong=wrong, note="wrong", is_typed=True, is_held=False)
    if wrong >= NUMBERS_WRONG_MAX or not event.attempts_left:
        offer_other_way(turn)
    else:
        turn.edit(challenge=None)
        return_card(turn)


def surface_failed(turn: Turn, event: SurfaceFailed) -> None:
    turn.do(StopTimer("stage"))
    turn.edit_face(is_held=False)
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
    close_reading(turn)
    if turn.state.phase in (Phase.OPENING_NUMBER, Phase.SHOWING_CARD, Phase.ENTERING_NUMBER):
        turn.do(ForgetNumber(turn.state.setup.card_reader))
    offer_other_way(turn)


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
