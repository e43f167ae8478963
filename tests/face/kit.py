"""The four pictures of tests/fixtures/faces and what the tests make of them. Nothing here is ever shown."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from drivers.face.frames import HEIGHT, WIDTH, Frame, Pixels
from drivers.face.measure import Measurement, Points
from kiosk.ids import DeviceId, OpId
from kiosk.ports import FaceBox, TurnDirection

FACES = Path(__file__).parents[1] / "fixtures/faces"
CARD, SAME, AGAIN, OTHER = (
    FACES / f"{name}.jpg" for name in ("a-card", "a-camera-1", "a-camera-2", "b-camera-1")
)
DEVICE, OP = DeviceId("camera"), OpId("a" * 32)


def picture(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        return opened.convert("RGB")


def photo_jp2(path: Path = CARD, size: tuple[int, int] = (240, 320), colour: str = "L") -> bytes:
    """As on a card: small, grey, JPEG 2000."""
    portrait = picture(path)
    portrait.thumbnail(size)
    out = io.BytesIO()
    portrait.convert(colour).save(out, "JPEG2000", quality_mode="dB", quality_layers=[36])
    return out.getvalue()


# The middle of the face in each picture, and its width, in parts of the picture's width and height.
_PLACES = {
    CARD: (0.525, 0.24, 0.293),
    SAME: (0.49, 0.38, 0.54),
    AGAIN: (0.552, 0.19, 0.183),
    OTHER: (0.62, 0.166, 0.369),
}


def in_front(path: Path = AGAIN, width: int = 180, middle: tuple[int, int] = (320, 240)) -> Image.Image:
    """The person in the camera's picture, the face `width` pixels wide, a grey wall around."""
    x, y, part = _PLACES[path]
    person = picture(path)
    scale = width / (part * person.width)
    person = person.resize((round(person.width * scale), round(person.height * scale)))
    scene = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    scene.paste(person, (round(middle[0] - x * person.width), round(middle[1] - y * person.height)))
    return scene


def pixels(scene: Image.Image) -> Pixels:
    return np.array(scene.convert("RGB"), dtype=np.uint8)


def frame(scene: Image.Image, at_s: float = 0.0) -> Frame:
    return Frame(pixels(scene), at_s)


def darker(scene: Image.Image) -> Image.Image:
    return scene.point(lambda value: value // 6)


def brighter(scene: Image.Image) -> Image.Image:
    """The sun in the lens."""
    return scene.point(lambda value: 225 + value // 9)


def blurred(scene: Image.Image) -> Image.Image:
    return scene.filter(ImageFilter.GaussianBlur(5))


def beside(one: Image.Image, other: Image.Image) -> Image.Image:
    """Two people in one picture."""
    scene = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    scene.paste(one.crop((160, 0, 480, HEIGHT)), (0, 0))
    scene.paste(other.crop((160, 0, 480, HEIGHT)), (320, 0))
    return scene


def masked(scene: Image.Image, points: Points) -> Image.Image:
    """A mask over nose and mouth."""
    (right_x, eye_y), _, (left_x, _), _, (_, nose_y) = points
    covered, apart = scene.copy(), right_x - left_x
    area = (left_x - 0.2 * apart, (eye_y + nose_y) / 2, right_x + 0.2 * apart, nose_y + 0.9 * apart)
    ImageDraw.Draw(covered).rounded_rectangle(area, 20, fill=(235, 240, 245))
    return covered


def with_glasses(scene: Image.Image, points: Points) -> Image.Image:
    """Dark frames around both eyes."""
    drawn = scene.copy()
    pen, apart = ImageDraw.Draw(drawn), points[0][0] - points[2][0]
    middles = []
    for outer, inner in ((points[0], points[1]), (points[2], points[3])):
        x, y = (outer[0] + inner[0]) / 2, (outer[1] + inner[1]) / 2
        pen.ellipse(
            (x - 0.2 * apart, y - 0.15 * apart, x + 0.2 * apart, y + 0.17 * apart),
            outline=(20, 20, 20),
            width=3,
        )
        middles.append((x, y))
    pen.line(middles, fill=(20, 20, 20), width=3)
    return drawn


def tilted(scene: Image.Image, degrees: float, axis_degrees: float) -> Image.Image:
    """A flat picture, turned about an axis in its own plane: narrower across that axis."""
    around = scene.rotate(-axis_degrees, resample=Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))
    narrow = max(1, round(scene.width * math.cos(math.radians(degrees))))
    flat = Image.new("RGB", scene.size, (128, 128, 128))
    flat.paste(around.resize((narrow, scene.height)), ((scene.width - narrow) // 2, 0))
    return flat.rotate(axis_degrees, resample=Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))


def measured(
    at_s: float,
    turn: float = 0.0,
    distance: float | None = None,
    light: float = 120.0,
    sharpness: float = 300.0,
    middle: tuple[float, float] = (0.5, 0.5),
    size: float = 0.4,
    faces: int = 1,
) -> Measurement:
    """A face as numbers."""
    x, y = middle
    box = FaceBox(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    wide = 25 * math.exp(-0.8 * turn)  # the eye on the side that goes away is narrower
    points: Points = (
        (370.0, 200.0),
        (370.0 - wide, 200.0),
        (270.0, 200.0),
        (270.0 + 625 / wide, 200.0),
        (320.0 + 100 * turn, 250.0),
    )
    return Measurement(at_s, faces, box, points, light, sharpness, distance)


class Head:
    """A person who does what is asked, a little late, at 15 frames a second."""

    def __init__(self, swing: float = 0.16, speed: float = 0.08) -> None:
        self.turn = 0.0
        self.goal = 0.0
        self._swing = swing
        self._speed = speed

    def hear(self, direction: TurnDirection | None) -> None:
        """None: back to the front."""
        self.goal = 0.0 if direction is None else self._swing * (1 if direction is TurnDirection.LEFT else -1)

    def move(self) -> float:
        """One frame later."""
        step = min(self._speed, abs(self.goal - self.turn))
        self.turn += step if self.goal > self.turn else -step
        return self.turn
