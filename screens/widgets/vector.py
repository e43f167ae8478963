"""Drawings as data -> triangles with smooth edges. Shapes are SVG path text; nothing is a bitmap.

A stroke is a strip of triangles half a pixel wider than the line on both sides; its texture coordinate is the distance
from the edge, so a two-texel ramp fades it out. That is as smooth as multisampling and costs a software renderer
nothing per frame.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from kivy.graphics import Color, Mesh, PopMatrix, PushMatrix, Translate
from kivy.graphics.tesselator import TYPE_POLYGONS, WINDING_ODD, Tesselator
from kivy.graphics.texture import Texture

from screens.theme import look
from screens.widgets.path import IDENTITY, Matrix, Point, flatten


class Shape(NamedTuple):
    """One path. Colours by name; empty = none. `width` of the stroke in the drawing's units."""

    path: str
    fill: str = ""
    stroke: str = ""
    width: float = 6
    matrix: Matrix = IDENTITY
    dash: tuple[float, float] | None = None


# ---- triangles

_RAMP_SOLID = 1.0
_SHARP = math.cos(math.radians(25))


@cache
def _unit_circle(steps: int) -> tuple[Point, ...]:
    return tuple((math.cos(2 * math.pi * i / steps), math.sin(2 * math.pi * i / steps)) for i in range(steps))


class Vertices:
    """Collects triangles for one Mesh."""

    def __init__(self) -> None:
        self.vertices: list[float] = []
        self.indices: list[int] = []

    def add(self, x: float, y: float, u: float) -> int:
        self.vertices.extend((x, y, u, 0.5))
        return len(self.vertices) // 4 - 1

    def strip(self, rails: Iterable[tuple[int, int, int]], is_closed: bool) -> None:
        """Left edge, middle, right edge, again and again."""
        chain = list(rails)
        if is_closed:
            chain.append(chain[0])
        for (a, b, c), (d, e, f) in pairwise(chain):
            self.indices.extend((a, b, d, b, d, e, b, c, e, c, e, f))

    def fan(self, centre: Point, reach: float, u_middle: float, u_edge: float) -> None:
        """A round end or corner."""
        x, y = centre
        middle = self.add(x, y, u_middle)
        circle_points = _unit_circle(max(10, min(72, int(reach * 2))))
        for cosine, sine in circle_points:
            self.vertices.extend((x + reach * cosine, y + reach * sine, u_edge, 0.5))
        last = middle + len(circle_points)
        for index in range(middle + 1, last):
            self.indices.extend((middle, index, index + 1))
        self.indices.extend((middle, last, middle + 1))


def add_stroke(out: Vertices, points: list[Point], is_closed: bool, width: float) -> None:
    """A line of `width` pixels with round corners and ends."""
    half = width / 2
    reach = half + 0.5
    u_edge, u_middle = 0.25, 0.25 + 0.5 * reach
    count = len(points)
    if count < 2:
        return
    normals = [_normal(points[i], points[(i + 1) % count]) for i in range(count if is_closed else count - 1)]
    rails: list[tuple[int, int, int]] = []

    def rail(point: Point, normal: Point) -> tuple[int, int, int]:
        return (
            out.add(point[0] + normal[0] * reach, point[1] + normal[1] * reach, u_edge),
            out.add(*point, u_middle),
            out.add(point[0] - normal[0] * reach, point[1] - normal[1] * reach, u_edge),
        )

    for index, point in enumerate(points):
        before = normals[index - 1] if index or is_closed else normals[0]
        after = normals[index] if index < len(normals) else normals[-1]
        cosine = before[0] * after[0] + before[1] * after[1]
        if cosine > _SHARP:
            scale = 1 / (1 + cosine)
            rails.append(rail(point, ((before[0] + after[0]) * scale, (before[1] + after[1]) * scale)))
        else:
            rails.append(rail(point, before))
            out.strip(rails, False)
            rails = [rail(point, after)]
            out.fan(point, reach, u_middle, u_edge)
    if is_closed:
        rails.append(rail(points[0], normals[-1] if len(rails) == 1 else _mean(normals[-1], normals[0])))
    out.strip(rails, False)
    if not is_closed:
        out.fan(points[0], reach, u_middle, u_edge)
        out.fan(points[-1], reach, u_middle, u_edge)


def _mean(before: Point, after: Point) -> Point:
    cosine = before[0] * after[0] + before[1] * after[1]
    if cosine <= _SHARP:
        return before
    scale = 1 / (1 + cosine)
    return (before[0] + after[0]) * scale, (before[1] + after[1]) * scale


def _normal(a: Point, b: Point) -> Point:
    length = math.dist(a, b) or 1.0
    return (a[1] - b[1]) / length, (b[0] - a[0]) / length


def add_fill(out: Vertices, lines: Iterable[list[Point]]) -> None:
    """The inside of closed lines."""
    tesselator = Tesselator()
    for points in lines:
        tesselator.add_contour([value for point in points for value in point])
    if not tesselator.tesselate(WINDING_ODD, TYPE_POLYGONS):
        return
    for flat, _mode in tesselator.meshes:
        corners = [out.add(flat[at], flat[at + 1], _RAMP_SOLID) for at in range(0, len(flat), 4)]
        for one, two in pairwise(corners[1:]):
            out.indices.extend((corners[0], one, two))


# ---- onto the canvas


class Spot(NamedTuple):
    """Where a drawing goes: its origin in Kivy's pixels (left, top) and pixels per unit."""

    left: float
    top: float
    scale: float


class _Piece(NamedTuple):
    """One mesh: its colour by name, and its numbers as the graphics card takes them, from the drawing's origin."""

    colour: str
    vertices: array[float]
    indices: array[int]


def draw_shapes(shapes: Iterable[Shape], spot: Spot, recolour: str = "", *, is_kept: bool = True) -> None:
    """Add shapes to the open canvas; neighbours of one colour become one mesh.

    Kept: the same shapes at the same scale are not made again. For what is drawn once only: `is_kept=False`.
    """
    meshes = _meshes if is_kept else _meshes.__wrapped__
    _add(meshes(tuple(shapes), spot.scale, recolour), spot.left, spot.top)


@lru_cache(maxsize=256)
def _meshes(shapes: tuple[Shape, ...], scale: float, recolour: str) -> tuple[_Piece, ...]:
    made: list[tuple[str, Vertices]] = []
    for shape in shapes:
        for name, vertices in _pieces(shape, scale):
            colour = recolour or name
            if not made or made[-1][0] != colour:
                made.append((colour, Vertices()))
            batch = made[-1][1]
            base = len(batch.vertices) // 4
            batch.vertices.extend(vertices.vertices)
            batch.indices.extend(index + base for index in vertices.indices)
    return tuple(_piece(colour, batch) for colour, batch in made)


def _piece(colour: str, batch: Vertices) -> _Piece:
    return _Piece(colour, array("f", batch.vertices), array("H", batch.indices))


def _add(pieces: Iterable[_Piece], left: float, top: float) -> None:
    PushMatrix()
    Translate(left, top)
    for piece in pieces:
        if piece.indices:
            Color(*look.colour(piece.colour))
            Mesh(vertices=piece.vertices, indices=piece.indices, mode="triangles", texture=ramp())
    PopMatrix()


def _at(point: Point, matrix: Matrix, scale: float) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return (a * x + c * y + e) * scale, -(b * x + d * y + f) * scale


def _pieces(shape: Shape, scale: float) -> Iterator[tuple[str, Vertices]]:
    lines = [
        ([_at(point, shape.matrix, scale) for point in line.points], line.is_closed)
        for line in flatten(shape.path)
    ]
    if shape.fill:
        filled = Vertices()
        add_fill(filled, [points for points, _ in lines])
        if not shape.stroke:
            for points, _ in lines:
                add_stroke(filled, points, True, 0.8)
        yield shape.fill, filled
    if shape.stroke:
        edge = Vertices()
        for points, is_closed in lines:
            dashes = _dashes(points, is_closed, shape.dash, scale) if shape.dash else [(points, is_closed)]
            for part, closed in dashes:
                add_stroke(edge, part, closed, shape.width * scale)
        yield shape.stroke, edge


def _dashes(
    points: list[Point], is_closed: bool, dash: tuple[float, float], scale: float
) -> Iterator[tuple[list[Point], bool]]:
    corners = [*points, points[0]] if is_closed else points
    for a, b in pairwise(corners):
        length = math.dist(a, b)
        on, off = dash[0] * scale, dash[1] * scale
        count = max(1, round((length + off) / (on + off)))
        stretch = (length + off) / (count * (on + off))
        for index in range(count):
            start = index * (on + off) * stretch / length
            end = min(1.0, start + on * stretch / length)
            yield [_between(a, b, start), _between(a, b, end)], False


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def draw_disc(left: float, bottom: float, side: float, colour: str) -> None:
    """Add a filled circle to the open canvas, in Kivy's pixels."""
    _add((_disc(side, colour),), left + side / 2, bottom + side / 2)


@lru_cache(maxsize=64)
def _disc(side: float, colour: str) -> _Piece:
    """Around its middle."""
    out = Vertices()
    reach = side / 2 + 0.5
    out.fan((0.0, 0.0), reach, 0.25 + 0.5 * reach, 0.25)
    return _piece(colour, out)


def draw_arc(centre: Point, radius: float, share: float, thick: float, colour: str) -> None:
    """Add a part of a ring to the open canvas, in Kivy's pixels: clockwise from the top, `share` 0..1 of it."""
    _add((_arc_of(radius, share, thick, colour),), *centre)


@lru_cache(maxsize=8)
def _arc_of(radius: float, share: float, thick: float, colour: str) -> _Piece:
    """Around its middle."""
    steps = max(2, round(96 * share))
    turns = [2 * math.pi * share * step / steps for step in range(steps + (share < 1.0))]
    points = [(radius * math.sin(turn), radius * math.cos(turn)) for turn in turns]
    out = Vertices()
    add_stroke(out, points, share >= 1.0, thick)
    return _piece(colour, out)


@cache
def ramp() -> Texture:
    """Two texels, clear and solid; between their middles (u 0.25 and 0.75) alpha rises over one pixel."""
    texture = Texture.create(size=(2, 1), colorfmt="rgba")
    texture.blit_buffer(bytes((255, 255, 255, 0, 255, 255, 255, 255)), colorfmt="rgba", bufferfmt="ubyte")
    texture.wrap = "clamp_to_edge"
    texture.mag_filter = texture.min_filter = "linear"
    return texture
