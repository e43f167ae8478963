"""dlib: the only module that imports it. Finds faces, their five points, and 128 numbers to compare them by.

The two models are read from the package `face_recognition_models` by path, without importing it (its 68-point model
excludes commercial use and is not on the machine: ADR 0039).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final

import dlib
import numpy as np
import numpy.typing as npt

from drivers.face.frames import Pixels
from drivers.face.measure import Point, Points
from kiosk.errors import ConfigError

IDENTITY: Final = f"dlib {dlib.__version__}"
_POINTS: Final = "shape_predictor_5_face_landmarks.dat"
_NUMBERS: Final = "dlib_face_recognition_resnet_model_v1.dat"

Grey = npt.NDArray[np.uint8]
Embedding = npt.NDArray[np.float64]
Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; may reach over the edge."""


def model(name: str) -> str:
    """Path of a model file. ConfigError when the extra `vision` is not installed."""
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return str(path)
    raise ConfigError(f"face: no model file {name}")


class Recogniser:
    """Loads 31 MB of models at once."""

    def __init__(self) -> None:
        self._detector: Any = dlib.get_frontal_face_detector()
        self._predictor: Any = dlib.shape_predictor(model(_POINTS))
        self._network: Any = dlib.face_recognition_model_v1(model(_NUMBERS))

    def find(self, grey: Grey, is_enlarged: bool = False) -> list[Rect]:
        """Faces of 80 pixels and more; enlarged, of 40."""
        return [_rect(found) for found in self._detector(grey, int(is_enlarged))]

    def points(self, grey: Grey, rect: Rect) -> Points:
        shape = self._predictor(grey, dlib.rectangle(*rect))
        one, two, three, four, five = (_point(part) for part in shape.parts())
        return one, two, three, four, five

    def embed(self, pixels: Pixels, rect: Rect) -> Embedding:
        """128 numbers of a unit-less space; compare by `distance`."""
        shape = self._predictor(pixels, dlib.rectangle(*rect))
        return np.array(self._network.compute_face_descriptor(pixels, shape))

    def tracker(self) -> Tracker:
        return Tracker()


class Tracker:
    """Follows one rectangle from frame to frame, in a grey picture of half the size."""

    def __init__(self) -> None:
        self._tracker: Any = dlib.correlation_tracker()

    def begin(self, grey: Grey, rect: Rect) -> None:
        self._tracker.start_track(_half(grey), dlib.drectangle(*(side / 2 for side in rect)))

    def follow(self, grey: Grey) -> tuple[Rect, float]:
        """Where it is now, and how sure (peak to side lobe; under 7 it is lost)."""
        sure = self._tracker.update(_half(grey))
        here = self._tracker.get_position()
        left, top, right, bottom = (
            round(2 * side) for side in (here.left(), here.top(), here.right(), here.bottom())
        )
        return (left, top, right, bottom), float(sure)


def blobs(mask: Grey) -> tuple[npt.NDArray[np.intp], int]:
    """Connected pieces (eight neighbours) of what is not 0, numbered from 1; how many numbers there are, with 0."""
    labels, count = dlib.label_connected_blobs(np.ascontiguousarray(mask))
    return np.asarray(labels).astype(np.intp), int(count)


def distance(one: Embedding, other: Embedding) -> float:
    return float(np.linalg.norm(one - other))


def _half(grey: Grey) -> Grey:
    return np.ascontiguousarray(grey[::2, ::2])


def _rect(found: Any) -> Rect:
    return found.left(), found.top(), found.right(), found.bottom()


def _point(part: Any) -> Point:
    return float(part.x), float(part.y)
