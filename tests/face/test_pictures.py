"""The fixtures and their children through dlib: found or not, the same person or not, alive or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("dlib", reason="the extra `vision` is not installed")

from PIL import Image

from drivers.face.decision import FaceCheck
from drivers.face.frames import Frame, Pixels
from drivers.face.measure import Measurement, Points
from drivers.face.photo import decode
from drivers.face.quality import Limits, hint
from drivers.face.recogniser import Embedding, Recogniser
from drivers.face.sim import turned
from drivers.face.watcher import Watcher, photo_embedding
from kiosk.errors import PeerProtocolError
from kiosk.ports import FaceBand, FaceHintCode, FaceJudged, FaceOutcome, FaceTurnAsked, FaceTurnEnded
from tests.face import kit
from tests.face.kit import AGAIN, CARD, OTHER, SAME, Head, in_front

THRESHOLD = 0.5
RATE = 15.0


@pytest.fixture(scope="module")
def card(recogniser: Recogniser) -> Embedding:
    return photo_embedding(recogniser, decode(kit.photo_jp2()))


@pytest.fixture(scope="module")
def measure(recogniser: Recogniser, card: Embedding) -> Callable[[Image.Image], Measurement]:
    return lambda scene: Watcher(recogniser, card).measure(kit.frame(scene), True)


@pytest.fixture(scope="module")
def points(measure: Callable[[Image.Image], Measurement]) -> Points:
    found = measure(in_front()).points
    assert found is not None
    return found


Measure = Callable[[Image.Image], Measurement]


@pytest.mark.parametrize("path", [CARD, SAME, AGAIN])
def test_the_person_of_the_card_is_recognised(measure: Measure, path: object) -> None:
    seen = measure(in_front(path))
    assert hint(seen, Limits()) is FaceHintCode.GOOD
    assert seen.distance is not None and seen.distance < THRESHOLD


def test_another_person_is_not(measure: Measure) -> None:
    seen = measure(in_front(OTHER))
    assert hint(seen, Limits()) is FaceHintCode.GOOD
    assert seen.distance is not None and seen.distance > 0.7


def test_glasses_do_not_make_another_person(measure: Measure, points: Points) -> None:
    seen = measure(kit.with_glasses(in_front(), points))
    assert seen.distance is not None and seen.distance < THRESHOLD


@pytest.mark.parametrize(
    ("scene", "codes"),
    [
        (lambda p: Image.new("RGB", (640, 480), (128, 128, 128)), {FaceHintCode.NO_FACE}),
        (lambda p: kit.darker(in_front()), {FaceHintCode.TOO_DARK, FaceHintCode.NO_FACE}),
        (lambda p: kit.brighter(in_front()), {FaceHintCode.TOO_BRIGHT, FaceHintCode.NO_FACE}),
        (lambda p: kit.blurred(in_front()), {FaceHintCode.HOLD_STILL}),
        (lambda p: in_front(width=80), {FaceHintCode.COME_CLOSER}),
        (lambda p: in_front(width=380), {FaceHintCode.STEP_BACK}),
        (lambda p: in_front(middle=(110, 240)), {FaceHintCode.MOVE_TO_MIDDLE}),
        (lambda p: kit.beside(in_front(width=130), in_front(OTHER, 130)), {FaceHintCode.ONE_PERSON_ONLY}),
        (lambda p: kit.masked(in_front(), p), {FaceHintCode.NO_FACE, FaceHintCode.LOOK_HERE}),
    ],
    ids=["no face", "dark", "bright", "blurred", "far", "near", "aside", "two", "mask"],
)
def test_what_cannot_be_compared_gets_its_hint(
    measure: Measure, points: Points, scene: Callable[[Points], Image.Image], codes: set[FaceHintCode]
) -> None:
    assert hint(measure(scene(points)), Limits()) in codes


@pytest.mark.parametrize(
    "scene", [Image.new("RGB", (240, 320)), kit.beside(in_front(width=130), in_front(OTHER, 130))]
)
def test_a_photo_without_one_face_is_refused(recogniser: Recogniser, scene: Image.Image) -> None:
    with pytest.raises(PeerProtocolError):
        photo_embedding(recogniser, kit.pixels(scene))


# --- whole checks ---------------------------------------------------------------------------------------------------


def verdict(
    recogniser: Recogniser, card: Embedding, head: Head, scene: Callable[[float], Pixels]
) -> FaceJudged:
    """One check, at 15 frames a second of its own time; `head` is told what is asked."""
    check, watcher = FaceCheck(kit.DEVICE, kit.OP, b"s" * 16, THRESHOLD), Watcher(recogniser, card)
    for index in range(900):
        frame = Frame(scene(head.move()), index / RATE)
        for event in check.see(watcher.measure(frame, check.wants_distance)):
            match event:
                case FaceTurnAsked():
                    head.hear(event.direction)
                case FaceTurnEnded():
                    head.hear(None)
                case FaceJudged():
                    return event
    raise AssertionError("no verdict")


def faces_that_turn(scene: Image.Image, points: Points) -> Callable[[float], Pixels]:
    kept: dict[float, Pixels] = {}

    def at(turn: float) -> Pixels:
        key = round(turn, 2)
        if key not in kept:
            kept[key] = turned(kit.pixels(scene), points, key)
        return kept[key]

    return at


def test_the_right_face_with_the_right_turns_is_matched(
    recogniser: Recogniser, card: Embedding, points: Points
) -> None:
    end = verdict(recogniser, card, Head(swing=0.16), faces_that_turn(in_front(), points))
    assert (end.outcome, end.reason) == (FaceOutcome.MATCHED, "")
    assert end.band is FaceBand.NEAR or end.band is FaceBand.CLEAR


@pytest.mark.parametrize("path", [CARD, SAME, AGAIN])
def test_a_flat_picture_of_the_right_person_is_not_alive(
    recogniser: Recogniser, card: Embedding, path: object
) -> None:
    still = kit.pixels(in_front(path))
    assert verdict(recogniser, card, Head(), lambda _: still).outcome is FaceOutcome.NOT_LIVE


@pytest.mark.parametrize("degrees", [35, 45])
@pytest.mark.parametrize("axis", [30, 45])
def test_a_flat_picture_tilted_as_asked_is_not_alive(
    recogniser: Recogniser, card: Embedding, degrees: int, axis: int
) -> None:
    """Whoever holds it hears the questions, and tilts it about the axis that moves the nose to the asked side."""
    scene = in_front(AGAIN)
    held = {side: kit.pixels(kit.tilted(scene, degrees, side * axis)) for side in (1, -1)} | {
        0: kit.pixels(scene)
    }
    end = verdict(
        recogniser,
        card,
        Head(speed=1.0),
        lambda turn: held[0 if abs(turn) < 0.1 else (1 if turn > 0 else -1)],
    )
    assert end.outcome is not FaceOutcome.MATCHED


def test_another_person_who_turns_well_is_not_matched(
    recogniser: Recogniser, card: Embedding, points: Points
) -> None:
    end = verdict(recogniser, card, Head(), faces_that_turn(in_front(OTHER), points))
    assert (end.outcome, end.band) == (FaceOutcome.NOT_MATCHED, FaceBand.CLEAR)
