"""Frames in, measurements out: a search now and then, tracking between searches, a comparison when asked."""

from __future__ import annotations

from typing import Final

import numpy as np

from drivers.face.frames import Frame, Pixels
from drivers.face.measure import Measurement, is_plausible
from drivers.face.recogniser import Embedding, Grey, Recogniser, Rect, Tracker, distance
from kiosk.errors import PeerProtocolError
from kiosk.ports import FaceBox

SEARCH_EVERY: Final = 8
"""Frames; a second person is seen within half a second."""
UNFOUND_MAX: Final = 45
"""Frames that a face is followed without being found anew: a turned head, not a wall."""
_SURE: Final = 7.0
_LUMA: Final = np.array([77, 150, 29], dtype=np.uint16)
"""ITU-R BT.601 in 256ths."""


def photo_embedding(recogniser: Recogniser, pixels: Pixels) -> Embedding:
    """Of the one face in a card's photo. PeerProtocolError when there is none, or more."""
    grey = grey_of(pixels)
    faces = recogniser.find(grey) or recogniser.find(grey, is_enlarged=True)
    if len(faces) != 1:
        raise PeerProtocolError("photo: not one face")
    return recogniser.embed(pixels, faces[0])


class Watcher:
    """Measures frame after frame against one photo; knows nothing of what is asked or decided."""

    def __init__(self, recogniser: Recogniser, photo: Embedding) -> None:
        self._recogniser = recogniser
        self._photo = photo
        self._tracker: Tracker | None = None
        self._since_search = 0
        self._unfound = 0

    def measure(self, frame: Frame, wants_distance: bool) -> Measurement:
        grey = grey_of(frame.pixels)
        faces = self._faces(grey)
        if len(faces) != 1:
            return Measurement(frame.at_s, len(faces))
        (rect,) = faces
        points = self._recogniser.points(grey, rect)
        if not is_plausible(points):  # a tracker may hold on to a wall
            self._tracker = None
            return Measurement(frame.at_s, 0)
        light, sharpness = light_and_sharpness(grey, rect)
        found = distance(self._photo, self._recogniser.embed(frame.pixels, rect)) if wants_distance else None
        return Measurement(frame.at_s, 1, _box(grey, rect), points, light, sharpness, found)

    def _faces(self, grey: Grey) -> list[Rect]:
        if self._tracker is not None and self._since_search < SEARCH_EVERY:
            self._since_search += 1
            rect, sure = self._tracker.follow(grey)
            if sure >= _SURE:
                return [rect]
        faces = self._recogniser.find(grey)
        self._unfound = 0 if faces else self._unfound + 1
        if not faces and self._tracker is not None and self._unfound <= UNFOUND_MAX:
            rect, sure = self._tracker.follow(grey)  # a head that turns far is not found, but it is followed
            if sure >= _SURE:
                return [rect]
        self._since_search = 0
        self._tracker = self._recogniser.tracker() if len(faces) == 1 else None
        if self._tracker is not None:
            self._tracker.begin(grey, faces[0])
        return faces


def grey_of(pixels: Pixels) -> Grey:
    return ((pixels @ _LUMA) >> 8).astype(np.uint8)


def _box(grey: Grey, rect: Rect) -> FaceBox:
    height, width = grey.shape
    left, top, right, bottom = rect
    return FaceBox(left / width, top / height, right / width, bottom / height)


def light_and_sharpness(grey: Grey, rect: Rect) -> tuple[float, float]:
    """Mean grey, and how much edges vary, of this part of the picture."""
    left, top, right, bottom = rect
    face = grey[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)].astype(np.int16)
    if min(face.shape) < 3:
        return 0.0, 0.0
    edges = face[1:-1, :-2] + face[1:-1, 2:] + face[:-2, 1:-1] + face[2:, 1:-1] - 4 * face[1:-1, 1:-1]
    return float(face.mean()), float(edges.var())
