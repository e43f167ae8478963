"""A card in a hand before a camera, as a picture: angle, perspective, light, softness, noise.

For the simulated camera and the tests; no hand and no real card was in front of a real camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from drivers.face.frames import FINE, Pixels

WALL = (118, 116, 112)


@dataclass(frozen=True, slots=True)
class Hold:
    """How it is held. `wide`: of the picture's width; `turned`: degrees; `tilt`, `lean`: how much nearer one side, or
    the lower edge, is than the other; `light`: at the left and right edge; `soft`: pixels of blur at FINE's size.
    """

    wide: float = 0.8
    turned: float = 0.0
    tilt: float = 0.0
    lean: float = 0.0
    middle: tuple[float, float] = (0.5, 0.5)
    light: tuple[float, float] = (1.0, 1.0)
    soft: float = 0.6
    noise: float = 3.0
    seed: int = 0


def held(card: Image.Image, hold: Hold, size: tuple[int, int] = FINE) -> Pixels:
    corners = _corners(card, hold, size)
    back = _perspective(corners, card.size)
    scene = Image.new("RGB", size, WALL)
    shape = Image.new("L", card.size, 255).transform(
        size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BILINEAR
    )
    seen = card.convert("RGB").transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    scene.paste(seen, (0, 0), shape)
    scene = scene.filter(ImageFilter.GaussianBlur(hold.soft * size[0] / FINE[0]))
    lit = (
        np.asarray(scene, dtype=np.float32)
        * np.linspace(*hold.light, size[0], dtype=np.float32)[None, :, None]
    )
    grain = np.random.default_rng(hold.seed).standard_normal(lit.shape[:2], dtype=np.float32)
    lit += hold.noise * grain[:, :, None]
    pixels: Pixels = np.clip(lit, 0, 255).astype(np.uint8)
    return pixels


def _corners(card: Image.Image, hold: Hold, size: tuple[int, int]) -> list[tuple[float, float]]:
    wide = hold.wide * size[0]
    high = wide * card.height / card.width
    angle = np.radians(hold.turned)
    corners = []
    for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        nearer = 1 / (1 + hold.tilt * across + hold.lean * down)
        x, y = across * wide / 2 * nearer, down * high / 2 * nearer
        corners.append(
            (
                float(hold.middle[0] * size[0] + x * np.cos(angle) - y * np.sin(angle)),
                float(hold.middle[1] * size[1] + x * np.sin(angle) + y * np.cos(angle)),
            )
        )
    return corners


def _perspective(corners: list[tuple[float, float]], size: tuple[int, int]) -> list[float]:
    """Pillow's eight numbers: from a place in the scene to its place on the card."""
    whole = ((0, 0), (size[0], 0), size, (0, size[1]))
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, whole, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solved: npt.NDArray[np.float64] = np.linalg.solve(
        np.array(rows, dtype=float), np.array(values, dtype=float)
    )
    return [float(each) for each in solved]
