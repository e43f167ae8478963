"""Is this frame good enough to compare, and if not, what can the person do? Pure."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.face.measure import Measurement, is_plausible, turn_of
from kiosk.ports import FaceBox, FaceHintCode


@dataclass(frozen=True, slots=True)
class Limits:
    """Chosen on the four pictures of the fixtures and their darkened, small and blurred children: a town's camera and
    light want their own."""

    smallest: float = 0.22
    """Height of the face in parts of the picture's height."""
    largest: float = 0.70
    off_middle: float = 0.28
    darkest: float = 45.0
    brightest: float = 225.0
    blurriest: float = 25.0
    most_turned: float = 0.16
    """A face in front; real ones are not symmetric, nor is the camera in the middle."""


def hint(seen: Measurement, limits: Limits) -> FaceHintCode:
    """The one thing to do next, the most useful first; GOOD when the frame can be compared."""
    if seen.faces > 1:
        return FaceHintCode.ONE_PERSON_ONLY
    if seen.faces == 0 or seen.box is None:
        return FaceHintCode.NO_FACE
    return _of_place(seen.box, limits) or _of_light(seen, limits) or _of_front(seen, limits)


def _of_place(box: FaceBox, limits: Limits) -> FaceHintCode | None:
    height = box.bottom - box.top
    if height < limits.smallest:
        return FaceHintCode.COME_CLOSER
    if height > limits.largest:
        return FaceHintCode.STEP_BACK
    off = max(abs((box.left + box.right) / 2 - 0.5), abs((box.top + box.bottom) / 2 - 0.5))
    return FaceHintCode.MOVE_TO_MIDDLE if off > limits.off_middle else None


def _of_light(seen: Measurement, limits: Limits) -> FaceHintCode | None:
    if seen.light < limits.darkest:
        return FaceHintCode.TOO_DARK
    if seen.light > limits.brightest:
        return FaceHintCode.TOO_BRIGHT
    return FaceHintCode.HOLD_STILL if seen.sharpness < limits.blurriest else None


def _of_front(seen: Measurement, limits: Limits) -> FaceHintCode:
    if seen.points is None or not is_plausible(seen.points) or abs(turn_of(seen.points)) > limits.most_turned:
        return FaceHintCode.LOOK_HERE
    return FaceHintCode.GOOD
