"""Lines of print in a grey picture, glyph by glyph: where ink is, which pieces stand in a row, what each one is. Pure.

For text a person holds before a camera: dark on light, a few degrees off the level, in perspective, in uneven light.
Nothing here knows what a card is (card_print.py does).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from drivers.face.glyphs import Glyph, Ink, cell, classify

Grey = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.intp]
Blobs = Callable[[Grey], tuple[Labels, int]]
"""Numbers the connected pieces of a mask from 1; and how many numbers there are, 0 among them
(drivers.face.recogniser.blobs)."""

SMALLEST, TALLEST = 7, 64
"""Pixels of a piece's height."""
PIECES_MAX: Final = 1500
"""More is no print but a pattern."""
WAYS_MAX: Final = 1000
"""A card's front has some three hundred; a page of a book must not fill the memory."""
LINE_PIECES: Final = 2
_WINDOW: Final = 33
_DARKER: Final = 0.86
"""Of the mean around it: ink."""
_LEAST_CONTRAST: Final = 10
_TALL: Final = 24
"""Pixels of a line's height in its own strip."""
_ROOM: Final = 8
"""Above and below it."""
_INK: Final = 0.42
_SLOPE_MAX: Final = 0.3


class Letter(NamedTuple):
    """One glyph of a line; lengths in parts of the line's height."""

    glyph: Glyph
    left: float
    right: float
    high: float


class Line(NamedTuple):
    """`high`: pixels of its tall characters in the picture."""

    letters: list[Letter]
    high: float


class Pieces(NamedTuple):
    """Connected pieces of ink, one entry each."""

    left: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]
    top: npt.NDArray[np.float64]
    bottom: npt.NDArray[np.float64]

    def of(self, chosen: npt.NDArray[np.intp]) -> Pieces:
        return Pieces(*(each[chosen] for each in self))


def read_lines(grey: Grey, blobs: Blobs) -> list[Line]:
    """Every line of print, from left to right. Nothing where there is none, or where all is a pattern."""
    pieces = _pieces(grey, blobs)
    if pieces is None:
        return []
    strips = [strip for row in _rows(pieces) if (strip := _strip(grey, pieces.of(row))) is not None]
    boxes = [_boxes(strip, blobs) for strip in strips]
    places = [(strip, box) for strip, line in zip(strips, boxes, strict=True) for box in line]
    known = dict(zip(places, classify([_cell(*place) for place in places]), strict=True))
    parted = _parted([place for place in places if not known[place].is_sure])
    return [
        Line(
            [
                letter
                for box in line
                for letter in parted.get((strip, box), [_letter(box, known[strip, box])])
            ],
            strip.high,
        )
        for strip, line in zip(strips, boxes, strict=True)
    ]


def _cell(strip: _Strip, box: _Box) -> Ink:
    return cell(strip.ink[box.top : box.bottom, box.left : box.right])


def _letter(box: _Box, glyph: Glyph) -> Letter:
    return Letter(glyph, box.left / _TALL, box.right / _TALL, (box.bottom - box.top) / _TALL)


def _parted(places: list[tuple[_Strip, _Box]]) -> dict[tuple[_Strip, _Box], list[Letter]]:
    """What is nothing as a whole and two or three characters when it is cut where its ink is thinnest: in a soft
    picture neighbours touch.
    """
    tried = [(place, parts) for place in places for parts in _ways_to_part(*place)][:WAYS_MAX]
    glyphs = iter(classify([_cell(place[0], part) for place, parts in tried for part in parts]))
    best: dict[tuple[_Strip, _Box], tuple[float, list[Letter]]] = {}
    for place, parts in tried:
        found = [next(glyphs) for _ in parts]
        worst = min(glyph.sure for glyph in found)
        if all(glyph.is_sure for glyph in found) and worst > best.get(place, (0.0, []))[0]:
            letters = [_letter(part, glyph) for part, glyph in zip(parts, found, strict=True)]
            best[place] = (worst, letters)
    return {place: letters for place, (_, letters) in best.items()}


def _ways_to_part(strip: _Strip, box: _Box) -> list[list[_Box]]:
    wide = box.right - box.left
    if not 0.7 * _TALL <= wide <= 3 * _TALL:
        return []
    ink = strip.ink[box.top : box.bottom, box.left : box.right].sum(axis=0)
    least = round(0.2 * _TALL)
    inner = range(least, wide - least)
    valleys = [at for at in inner if ink[at] == ink[max(0, at - 2) : at + 3].min()]
    valleys = sorted(sorted(valleys, key=lambda at: float(ink[at]))[:5])
    ways = [[at] for at in valleys]
    ways += [[one, two] for one in valleys for two in valleys if two - one >= least]
    return [
        [
            _close(strip, box._replace(left=box.left + a, right=box.left + b))
            for a, b in itertools.pairwise(cuts)
        ]
        for cuts in ([0, *way, wide] for way in ways)
    ]


def _close(strip: _Strip, box: _Box) -> _Box:
    """The same without empty rows above and below."""
    rows = np.flatnonzero((strip.ink[box.top : box.bottom, box.left : box.right] > _INK).any(axis=1))
    if rows.size == 0:
        return box
    return box._replace(top=box.top + int(rows[0]), bottom=box.top + int(rows[-1]) + 1)


def mask_of(grey: Grey) -> Grey:
    """255 where a pixel is darker than what lies around it."""
    half = _WINDOW // 2
    padded = np.pad(grey, ((half + 1, half), (half + 1, half)), mode="edge").astype(np.int32)
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    around = sums[_WINDOW:, _WINDOW:] - sums[:-_WINDOW, _WINDOW:] - sums[_WINDOW:, :-_WINDOW]
    around += sums[:-_WINDOW, :-_WINDOW]
    mean = around.astype(np.float32) / (_WINDOW * _WINDOW)
    least = np.minimum(mean * _DARKER, mean - _LEAST_CONTRAST)
    return np.where(grey < least, np.uint8(255), np.uint8(0))


def _pieces(grey: Grey, blobs: Blobs) -> Pieces | None:
    labels, count = blobs(mask_of(grey))
    if count <= LINE_PIECES:
        return None
    at = np.flatnonzero(labels)
    of = labels.ravel()[at]
    order = np.argsort(of, kind="stable")
    rows, columns = np.divmod(at[order], grey.shape[1])
    begins = np.flatnonzero(np.diff(of[order], prepend=-1))
    left, right = np.minimum.reduceat(columns, begins), np.maximum.reduceat(columns, begins) + 1
    top, bottom = rows[begins], np.maximum.reduceat(rows, begins) + 1  # rows are in order within a piece
    high = bottom - top
    fits = np.flatnonzero((high >= SMALLEST) & (high <= TALLEST) & (right - left <= 2 * TALLEST))
    if not LINE_PIECES <= fits.size <= PIECES_MAX:
        return None
    return Pieces(*(each[fits].astype(np.float64) for each in (left, right, top, bottom)))


def _rows(pieces: Pieces) -> list[npt.NDArray[np.intp]]:
    """Pieces that follow each other on a line: each is joined to its nearest neighbour on the right, first level,
    then along the slope that most neighbours have.
    """
    slope = 0.0
    links: list[tuple[int, int]] = []
    for _ in range(2):
        links = _links(pieces, slope)
        if not links:
            return []
        one, other = np.array(links).T
        middle_x = (pieces.left + pieces.right) / 2
        base = pieces.bottom
        away = middle_x[other] - middle_x[one]
        slope = float(np.median((base[other] - base[one]) / np.maximum(away, 1)))
    after = dict(links)
    begins = set(after) - {other for _, other in links}
    rows = []
    for begin in sorted(begins):
        row, at = [begin], begin
        while at in after:
            at = after[at]
            row.append(at)
        if len(row) >= LINE_PIECES:
            rows.append(np.array(row))
    return rows


def _links(pieces: Pieces, slope: float) -> list[tuple[int, int]]:
    """(piece, the next one on the right), each at most once on either side."""
    high = pieces.bottom - pieces.top
    x, y = (pieces.left + pieces.right) / 2, (pieces.top + pieces.bottom) / 2
    across = pieces.left[None, :] - pieces.right[:, None]
    level = y[None, :] - y[:, None] - slope * (x[None, :] - x[:, None])
    tall = np.maximum(high[None, :], high[:, None])
    fits = (across > -0.45 * tall) & (across < 1.5 * tall) & (x[None, :] > x[:, None] + 1)
    fits &= np.abs(level) < 0.42 * tall
    fits &= np.minimum(high[None, :], high[:, None]) > 0.4 * tall
    cost = np.where(fits, np.hypot(across, 2 * level), np.inf)
    right = cost.argmin(axis=1)
    best = cost[np.arange(len(right)), right]
    found: dict[int, tuple[float, int]] = {}
    for one in np.flatnonzero(np.isfinite(best)):
        other = int(right[one])
        if other not in found or best[one] < found[other][0]:
            found[other] = (float(best[one]), int(one))
    return [(one, other) for other, (_, one) in found.items()]


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """One line, made level: paper 0, ink 1, `_TALL` pixels for its tallest characters."""

    ink: Ink
    high: float
    """Pixels of its characters in the picture."""


class _Box(NamedTuple):
    """Of a piece, in its strip."""

    left: int
    right: int
    top: int
    bottom: int


def _strip(grey: Grey, row: Pieces) -> _Strip | None:
    x, y = (row.left + row.right) / 2, (row.top + row.bottom) / 2
    high = float(np.quantile(row.bottom - row.top, 0.75))
    span = float(row.right.max() - row.left.min())
    if span < 2 * high:
        return None
    slope, begin = np.polyfit(x, y, 1)
    if abs(slope) > _SLOPE_MAX:
        return None
    scale = high / _TALL
    length = float(np.hypot(1, slope))
    along_x, along_y = scale / length, scale * slope / length
    pad = _TALL
    start_x = float(row.left.min()) - pad * along_x
    start_y = begin + slope * start_x
    wide, tall = round(span * length / scale) + 2 * pad, _TALL + 2 * _ROOM
    middle = tall / 2
    level = Image.fromarray(grey).transform(
        (wide, tall),
        Image.Transform.AFFINE,
        (along_x, -along_y, start_x + middle * along_y, along_y, along_x, start_y - middle * along_x),
        Image.Resampling.BICUBIC,
    )
    return _Strip(_darkness(np.asarray(level, dtype=np.float32)), high)


def _darkness(strip: npt.NDArray[np.float32]) -> Ink:
    """Paper to 0 and ink to 1, each as they are in the piece of the line around."""
    step = 3 * _TALL
    middles, papers, inks = [], [], []
    for at in range(0, max(1, strip.shape[1] - step // 2), step // 2):
        part = strip[:, at : at + step]
        middles.append(at + part.shape[1] / 2)
        papers.append(np.quantile(part, 0.8))
        inks.append(np.quantile(part, 0.03))
    columns = np.arange(strip.shape[1])
    paper, ink = np.interp(columns, middles, papers), np.interp(columns, middles, inks)
    contrast = np.maximum(paper - ink, 2 * _LEAST_CONTRAST)
    dark: Ink = np.clip((paper - strip) / contrast, 0, 1).astype(np.float32)
    return dark


def _boxes(strip: _Strip, blobs: Blobs) -> list[_Box]:
    """Pieces of the level line, from left to right; pieces above one another are one."""
    labels, count = blobs(np.where(strip.ink > _INK, np.uint8(255), np.uint8(0)))
    found: list[_Box] = []
    for number in range(1, count):
        rows, columns = np.nonzero(labels == number)
        if rows.size >= 6 and _ROOM // 2 < rows.mean() < strip.ink.shape[0] - _ROOM // 2:
            found.append(
                _Box(int(columns.min()), int(columns.max()) + 1, int(rows.min()), int(rows.max()) + 1)
            )
    joined: list[_Box] = []
    for box in sorted(found):
        before = joined[-1] if joined else None
        shared = min(before.right, box.right) - box.left if before is not None else 0
        if before is not None and shared > 0.35 * min(box.right - box.left, before.right - before.left):
            joined[-1] = _Box(
                before.left,
                max(before.right, box.right),
                min(before.top, box.top),
                max(before.bottom, box.bottom),
            )
        else:
            joined.append(box)
    return [box for box in joined if box.bottom - box.top >= 5]
