"""Printed characters: ten digits and the four characters of a date, told apart by a small network. Pure.

The weights (`glyphs.npz`, 64 hidden cells, made by `provisioning/glyphs.py` out of fonts) know no handwriting and no
language: whatever else is printed on a card is one class, OTHER.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

CLASSES: Final = "0123456789年月日元?"
OTHER: Final = "?"
SURE: Final = 0.6
RIVAL: Final = 0.03
HIGH, WIDE = 20, 24
"""A glyph is brought to this height and set into this width; a wider one is squeezed."""

Ink = npt.NDArray[np.float32]
"""0 paper, 1 ink."""


class Glyph(NamedTuple):
    """What it is most likely; how likely (0 to 1), and how likely the next one is that is not OTHER."""

    character: str
    sure: float
    rival: float

    @property
    def is_sure(self) -> bool:
        """A character that we know, and no other. To take a 3 for an 8 costs somebody a try; to miss one, a second."""
        return self.character != OTHER and self.sure >= SURE and self.rival <= RIVAL


class Weights(NamedTuple):
    first: npt.NDArray[np.float32]
    first_bias: npt.NDArray[np.float32]
    second: npt.NDArray[np.float32]
    second_bias: npt.NDArray[np.float32]


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Read once; the file has 8-bit numbers and one scale for each matrix."""
    with np.load(Path(__file__).with_name("glyphs.npz"), allow_pickle=False) as file:
        return Weights(
            file["first"].astype(np.float32) * file["first_scale"],
            file["first_bias"],
            file["second"].astype(np.float32) * file["second_scale"],
            file["second_bias"],
        )


def cell(ink: Ink) -> Ink:
    """The ink of one glyph, cut close, as the network wants it."""
    rows, columns = ink.shape
    wide = max(1, min(WIDE, round(columns * HIGH / rows)))
    down = (np.arange(HIGH) + 0.5) * rows / HIGH - 0.5
    across = (np.arange(wide) + 0.5) * columns / wide - 0.5
    out = np.zeros((HIGH, WIDE), dtype=np.float32)
    left = (WIDE - wide) // 2
    out[:, left : left + wide] = _sampled(ink, down, across)
    return out


def _sampled(ink: Ink, down: npt.NDArray[np.float64], across: npt.NDArray[np.float64]) -> Ink:
    """Bilinear; beyond the edge is the edge."""
    rows, columns = ink.shape
    top, left = np.maximum(down.astype(np.intp), 0), np.maximum(across.astype(np.intp), 0)
    low, right = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns - 1)
    part_down = np.maximum(down - top, 0).astype(np.float32)[:, None]
    part_across = np.maximum(across - left, 0).astype(np.float32)
    level = ink[top] * (1 - part_down) + ink[low] * part_down
    mixed: Ink = level[:, left] * (1 - part_across) + level[:, right] * part_across
    return mixed


def classify(cells: list[Ink], by: Weights | None = None) -> list[Glyph]:
    if not cells:
        return []
    use = by or weights()
    inputs = np.stack(cells).reshape(len(cells), -1)
    hidden = np.maximum(inputs @ use.first + use.first_bias, 0)
    scores = hidden @ use.second + use.second_bias
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    best = likely.argmax(axis=1)
    found = [(CLASSES[at], float(row[at])) for at, row in zip(best, likely, strict=True)]
    likely[np.arange(len(best)), best] = 0
    rivals = likely[:, : CLASSES.index(OTHER)].max(axis=1)
    return [Glyph(*each, float(rival)) for each, rival in zip(found, rivals, strict=True)]
