"""What one frame says of one face, as plain numbers: all that the judging parts ever see.

Points are dlib's five, in the picture's order from its right to its left edge: the outer and inner corner of the eye
on the right side of the picture (the person's left one), the outer and inner corner of the other, the nose's base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kiosk.ports import FaceBox

Point = tuple[float, float]
Points = tuple[Point, Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Measurement:
    """`faces` found; with exactly one, the rest is of it. `distance` only where this frame was compared."""

    at_s: float
    faces: int
    box: FaceBox | None = None
    points: Points | None = None
    light: float = 0.0
    """Mean of the face, 0..255."""
    sharpness: float = 0.0
    """Variance of the Laplacian over the face, brought to one size."""
    distance: float | None = None
    """Between this face and the card's: 0 the same picture, above 0.6 hardly ever the same person."""


def turn_of(points: Points) -> float:
    """Where the nose stands between the eyes' outer corners, along their line, in parts of their distance.

    0 in front; positive towards the right edge of the picture, the person's own left. Turning a head by 25 degrees
    moves it by about 0.13: the nose's base lies some 25 mm before the eyes' corners, which are 90 mm apart. A flat
    picture held straight keeps it; one that is tilted about a slanting axis does not, hence `eyes_of`.
    """
    (right_x, right_y), _, (left_x, left_y), _, (nose_x, nose_y) = points
    along_x, along_y = right_x - left_x, right_y - left_y
    length = along_x * along_x + along_y * along_y
    if length == 0:
        return 0.0
    middle_x, middle_y = (right_x + left_x) / 2, (right_y + left_y) / 2
    return ((nose_x - middle_x) * along_x + (nose_y - middle_y) * along_y) / length


def eyes_of(points: Points) -> float:
    """Logarithm of the width of the picture's right eye over that of its left eye.

    The four corners lie on a line, and no way of tilting a flat picture changes how they divide it (an affine map keeps
    that). On a head the outer corners lie some 8 mm behind the inner ones: turned by 25 degrees, the eye that goes
    away is a quarter narrower than the other.
    """
    right = math.dist(points[0], points[1])
    left = math.dist(points[2], points[3])
    return math.log(right / left) if right and left else 0.0


def is_plausible(points: Points) -> bool:
    """Whether the points can be a face at all: eyes apart, nose below the eyes' line and not far off."""
    (right_x, right_y), _, (left_x, left_y), _, (_, nose_y) = points
    apart = math.hypot(right_x - left_x, right_y - left_y)
    if apart < 8 or right_x <= left_x:
        return False
    below = nose_y - (right_y + left_y) / 2
    return 0.15 * apart < below < 1.2 * apart and abs(turn_of(points)) < 0.6
