"""The check as a whole, on numbers: hints, turns, comparisons, verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.face.decision import FaceCheck
from drivers.face.measure import Measurement
from kiosk.ports import (
    Event,
    FaceBand,
    FaceHint,
    FaceHintCode,
    FaceJudged,
    FaceOutcome,
    FaceTurnAsked,
    FaceTurnEnded,
)
from tests.face.kit import DEVICE, OP, Head, measured

RATE = 15.0
Scene = Callable[[FaceCheck, int, float], Measurement]


def check(threshold: float = 0.5) -> FaceCheck:
    return FaceCheck(DEVICE, OP, b"s" * 16, threshold)


def person(distance: float = 0.35, head: Head | None = None) -> tuple[Head, Scene]:
    head = head or Head()
    return head, lambda c, _, at_s: measured(at_s, head.move(), distance if c.wants_distance else None)


def run(c: FaceCheck, head: Head, scene: Scene, frames: int = 1500) -> tuple[list[Event], FaceJudged]:
    events: list[Event] = []
    for index in range(frames):
        for event in c.see(scene(c, index, index / RATE)):
            events.append(event)
            match event:
                case FaceTurnAsked():
                    head.hear(event.direction)
                case FaceTurnEnded():
                    head.hear(None)
                case FaceJudged():
                    return events, event
    raise AssertionError("no verdict")


def test_the_person_of_the_card_who_answers_is_matched() -> None:
    events, verdict = run(check(), *person())
    assert verdict == FaceJudged(DEVICE, OP, FaceOutcome.MATCHED, FaceBand.CLEAR, "")
    assert len([event for event in events if isinstance(event, FaceTurnAsked)]) == 4


@pytest.mark.parametrize(
    ("distance", "band"), [(0.45, FaceBand.NEAR), (0.5, FaceBand.NEAR), (0.3, FaceBand.CLEAR)]
)
def test_the_band_says_how_near_it_was_and_no_more(distance: float, band: FaceBand) -> None:
    assert run(check(), *person(distance))[1].band is band


@pytest.mark.parametrize(("distance", "band"), [(0.501, FaceBand.NEAR), (0.8, FaceBand.CLEAR)])
def test_another_person_is_not_asked_to_turn(distance: float, band: FaceBand) -> None:
    events, verdict = run(check(), *person(distance))
    assert (verdict.outcome, verdict.band, verdict.reason) == (FaceOutcome.NOT_MATCHED, band, "threshold")
    assert not [event for event in events if isinstance(event, FaceTurnAsked)]


def test_one_bad_moment_at_the_beginning_is_forgiven() -> None:
    distances = iter([0.6, 0.55, 0.4])
    head = Head()
    _, verdict = run(
        check(),
        head,
        lambda c, _, at: measured(at, head.move(), next(distances, 0.4) if c.wants_distance else None),
    )
    assert verdict.outcome is FaceOutcome.MATCHED


@pytest.mark.parametrize("late", [2, 3, 4, 5])
def test_the_head_that_turned_must_be_the_head_that_matched(late: int) -> None:
    """Somebody else from one of the later comparisons on: each of them counts."""
    head, compared = Head(), [0]

    def swapped(c: FaceCheck, _: int, at_s: float) -> Measurement:
        compared[0] += c.wants_distance
        return measured(at_s, head.move(), (0.3 if compared[0] < late else 0.8) if c.wants_distance else None)

    assert run(check(), head, swapped)[1].outcome is FaceOutcome.NOT_MATCHED


def test_a_flat_picture_of_the_right_person_is_not_alive() -> None:
    _, scene = person(head=Head(swing=0.0))
    verdict = run(check(), Head(swing=0.0), scene)[1]
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_LIVE, "no-turn")


def test_a_face_that_jumps_loses_what_it_had_shown() -> None:
    head = Head()

    def jumping(c: FaceCheck, index: int, at_s: float) -> Measurement:
        side = 0.3 if index // 20 % 2 else 0.7
        return measured(at_s, head.move(), 0.3 if c.wants_distance else None, middle=(side, 0.5), size=0.3)

    verdict = run(check(), head, jumping)[1]
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_LIVE, "lost")


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (measured(0, faces=0), FaceHintCode.NO_FACE),
        (measured(0, faces=2), FaceHintCode.ONE_PERSON_ONLY),
        (measured(0, size=0.1), FaceHintCode.COME_CLOSER),
        (measured(0, size=0.8), FaceHintCode.STEP_BACK),
        (measured(0, middle=(0.1, 0.5)), FaceHintCode.MOVE_TO_MIDDLE),
        (measured(0, light=20), FaceHintCode.TOO_DARK),
        (measured(0, light=240), FaceHintCode.TOO_BRIGHT),
        (measured(0, sharpness=3), FaceHintCode.HOLD_STILL),
        (measured(0, turn=0.3), FaceHintCode.LOOK_HERE),
        (measured(0), FaceHintCode.GOOD),
    ],
)
def test_each_trouble_has_its_hint(seen: Measurement, code: FaceHintCode) -> None:
    (event,) = check().see(seen)
    assert isinstance(event, FaceHint) and event.code is code
    assert (event.box is None) == (seen.faces != 1)


def test_what_is_no_good_is_never_compared_and_ends_by_its_time() -> None:
    c = check()
    events, verdict = run(c, Head(), lambda c, _, at_s: measured(at_s, light=10.0, distance=0.1))
    assert (verdict.outcome, verdict.band, verdict.reason) == (FaceOutcome.NOT_JUDGED, FaceBand.NONE, "time")
    assert not c.wants_distance and list(c.see(measured(99.0))) == []
    assert 300 < len(events) < 450  # four hints a second, not one for each frame


def test_a_check_that_is_stopped_says_so_once() -> None:
    c = check()
    verdict = c.give_up("stopped")
    assert verdict == FaceJudged(DEVICE, OP, FaceOutcome.NOT_JUDGED, FaceBand.NONE, "stopped")
    assert c.give_up("stopped") is None
