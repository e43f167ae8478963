"""Is this camera fit for its work? Pictures in, words out: nothing of a picture is kept, nothing says who was there.

The test's subject is somebody of the staff who agreed, or the chart that the desk's test page bears (a QR code with
CHART). Light and sharpness are judged where the subject is; the limits are those of a check (quality.py). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from drivers.face.frames import Frame
from drivers.face.quality import Limits
from drivers.face.recogniser import Grey, Rect
from drivers.face.watcher import grey_of, light_and_sharpness
from kiosk.ports import CameraFinding

CHART: Final = "MADOGUCHI CAMERA CHART"
SETTLE: Final = 10
"""Frames: a camera finds its exposure first."""
ENOUGH: Final = 5
"""Frames in a row with the same subject."""
WITHIN_S: Final = 20.0
"""For whoever pressed the button to step in front of the camera."""
DIM, BRIGHT = 75.0, 200.0
SOFT: Final = 60.0
CHART_BLURRIEST, CHART_SOFT = 150.0, 400.0
"""A chart has more edges than a face: what a picture of it has when a face in the same focus is at the face's limit."""
CLIPPED_MOST: Final = 0.25
CLIPPED_MOST_CHART: Final = 0.5
"""Parts of the picture that are quite white, or quite black; a chart is printed in both."""

_MOUNTED: Final = {0: "upright", 1: "sideways", 2: "upside-down", 3: "sideways"}
_SIDES: Final = {"UP": 0, "RIGHT": 1, "DOWN": 2, "LEFT": 3}


class Chart(NamedTuple):
    """Where the chart is in the picture, and which side of it is up: `UP`, `RIGHT`, `DOWN`, `LEFT`."""

    side: str
    rect: Rect


class _Seen(NamedTuple):
    subject: str
    quarters: int
    """Turns by ninety degrees until it stands upright."""
    light: float
    sharpness: float
    clipped: float
    middle: tuple[float, float]
    high: float
    """Of the face, in parts of the picture's height."""


class CameraTest:
    """`see` frame after frame until it answers."""

    def __init__(
        self,
        find: Callable[[Grey], list[Rect]],
        chart: Callable[[Grey], Chart | None],
        limits: Limits | None = None,
    ) -> None:
        self._find = find
        self._chart = chart
        self._limits = limits or Limits()
        self._frames = 0
        self._began_s: float | None = None
        self._seen: list[_Seen] = []

    def see(self, frame: Frame) -> tuple[CameraFinding, ...] | None:
        self._began_s = frame.at_s if self._began_s is None else self._began_s
        self._frames += 1
        if self._frames <= SETTLE:
            return None
        grey = grey_of(frame.pixels)
        seen = self._look(grey)
        alike = self._seen and (self._seen[-1].subject, self._seen[-1].quarters) == (
            seen.subject,
            seen.quarters,
        )
        self._seen = [*self._seen, seen] if alike else [seen]
        is_late = frame.at_s - self._began_s > WITHIN_S
        if is_late or (seen.subject in ("person", "chart") and len(self._seen) >= ENOUGH):
            height, width = grey.shape
            return (CameraFinding("size", f"{width}x{height}", "ok"), *self._judged(self._seen))
        return None

    def _look(self, grey: Grey) -> _Seen:
        clipped = float(np.mean((grey <= 5) | (grey >= 250)))
        found = self._chart(grey)
        if found is not None:
            light, sharpness = light_and_sharpness(grey, found.rect)
            return _Seen("chart", _SIDES.get(found.side, 0), light, sharpness, clipped, (0.5, 0.5), 0.5)
        for quarters in range(4):
            turned = np.ascontiguousarray(np.rot90(grey, quarters))
            faces = self._find(turned)
            if len(faces) > 1:
                return _Seen("people", quarters, float(grey.mean()), 0.0, clipped, (0.5, 0.5), 0.0)
            if faces:
                left, top, right, bottom = faces[0]
                high, wide = turned.shape
                light, sharpness = light_and_sharpness(turned, faces[0])
                middle = ((left + right) / 2 / wide, (top + bottom) / 2 / high)
                return _Seen("person", quarters, light, sharpness, clipped, middle, (bottom - top) / high)
        return _Seen("none", 0, float(grey.mean()), 0.0, clipped, (0.5, 0.5), 0.0)

    def _judged(self, seen: Sequence[_Seen]) -> tuple[CameraFinding, ...]:
        subject, light = seen[-1].subject, median(each.light for each in seen)
        is_one = subject in ("person", "chart")
        found = [CameraFinding("subject", subject, "ok" if is_one else "bad")]
        found.append(_light(light, self._limits))
        clipped = median(each.clipped for each in seen)
        most = CLIPPED_MOST_CHART if subject == "chart" else CLIPPED_MOST
        found.append(CameraFinding("exposure", *(("even", "ok") if clipped <= most else ("lost", "bad"))))
        if not is_one:
            return tuple(found)
        quarters = seen[-1].quarters
        found.append(CameraFinding("mounting", _MOUNTED[quarters], "bad" if quarters else "ok"))
        found.append(self._sharpness(subject, median(each.sharpness for each in seen)))
        if subject == "person":
            found.append(_aim(seen[-1], self._limits))
        return tuple(found)

    def _sharpness(self, subject: str, value: float) -> CameraFinding:
        least, soft = (self._limits.blurriest, SOFT) if subject == "person" else (CHART_BLURRIEST, CHART_SOFT)
        if value < least:
            return CameraFinding("sharpness", "blurred", "bad")
        return CameraFinding("sharpness", *(("soft", "doubt") if value < soft else ("sharp", "ok")))


def _light(value: float, limits: Limits) -> CameraFinding:
    if value < limits.darkest:
        return CameraFinding("light", "dark", "bad")
    if value > limits.brightest:
        return CameraFinding("light", "glaring", "bad")
    if value < DIM:
        return CameraFinding("light", "dim", "doubt")
    return CameraFinding("light", *(("bright", "doubt") if value > BRIGHT else ("good", "ok")))


def _aim(seen: _Seen, limits: Limits) -> CameraFinding:
    """Where the camera points, by a face that stands as residents will."""
    x, y = seen.middle
    if seen.high < limits.smallest:
        return CameraFinding("aim", "far", "doubt")
    if seen.high > limits.largest:
        return CameraFinding("aim", "near", "doubt")
    if abs(y - 0.5) > limits.off_middle:
        return CameraFinding("aim", "high" if y > 0.5 else "low", "bad")
    return CameraFinding("aim", *(("aside", "bad") if abs(x - 0.5) > limits.off_middle else ("middle", "ok")))
