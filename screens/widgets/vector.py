"""Drawings as data -> triangles with smooth edges. Shapes are SVG path text; nothing is a bitmap.

A stroke is a strip of triangles half a pixel wider than the line on both sides; its texture coordinate is the distance
from the edge, so a two-texel ramp fades it out. That is as smooth as multisampling and costs a software renderer
nothing per frame.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from kivy.graphics import Color, Mesh
from kivy.graphics.tesselator import TYPE_POLYGONS, WINDING_ODD, Tesselator
from kivy.graphics.texture import Texture

from screens.theme import look

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


class Shape(NamedTuple):
    """One path. Colours by name; empty = none. `width` of the stroke in the drawing's units."""

    path: str
    fill: str = ""
    stroke: str = ""
    width: float = 6
    matrix: Matrix = IDENTITY
    dash: tuple[float, float] | None = None


class Line(NamedTuple):
    points: tuple[Point, ...]
    is_closed: bool


# ---- SVG path text (SVG 1.1, 8.3): M L H V C Q A Z, both cases

_TOKEN = re.compile(r"[MLHVCQAZmlhvcqaz]|[-+]?(?:\d*\.\d+|\d+\.?)(?:[eE][-+]?\d+)?")
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "A": 7, "Z": 0}


def _commands(path: str) -> Iterator[tuple[str, list[float]]]:
    command = ""
    numbers: list[float] = []
    for word in _TOKEN.findall(path):
        if word.isalpha():
            command, numbers = word, []
            if word in "Zz":
                yield word, []
            continue
        numbers.append(float(word))
        if len(numbers) == _COUNTS[command.upper()]:
            yield command, numbers
            numbers = []
            command = {"M": "L", "m": "l"}.get(command, command)


@lru_cache(maxsize=512)
def flatten(path: str) -> tuple[Line, ...]:
    """The path as straight lines, fine enough for the largest use."""
    lines: list[Line] = []
    points: list[Point] = []
    x = y = 0.0
    for command, numbers in _commands(path):
        kind, is_relative = command.upper(), command.islower()
        if kind == "Z":
            lines.append(Line(_clean(points), True))
            x, y = points[0]
            points = []
            continue
        if kind == "M" and len(points) > 1:
            lines.append(Line(_clean(points), False))
        if kind == "M":
            points = []
        elif not points:
            points = [(x, y)]
        absolute = _absolute(kind, numbers, x, y, is_relative)
        if kind in "ML":
            points.append((absolute[0], absolute[1]))
        elif kind == "C":
            points.extend(_cubic((x, y), *_pairs(absolute)))
        elif kind == "Q":
            (qx, qy), end = _pairs(absolute)
            one = (x + 2 / 3 * (qx - x), y + 2 / 3 * (qy - y))
            two = (end[0] + 2 / 3 * (qx - end[0]), end[1] + 2 / 3 * (qy - end[1]))
            points.extend(_cubic((x, y), one, two, end))
        elif kind == "A":
            points.extend(_arc((x, y), absolute))
        else:
            points.append((absolute[0], y) if kind == "H" else (x, absolute[0]))
        x, y = points[-1]
    if len(points) > 1:
        lines.append(Line(_clean(points), False))
    return tuple(lines)


def _absolute(kind: str, numbers: list[float], x: float, y: float, is_relative: bool) -> list[float]:
    if not is_relative:
        return numbers
    if kind == "A":
        return [*numbers[:5], numbers[5] + x, numbers[6] + y]
    if kind in "HV":
        return [numbers[0] + (x if kind == "H" else y)]
    return [number + (x if index % 2 == 0 else y) for index, number in enumerate(numbers)]


def _pairs(numbers: list[float]) -> list[Point]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _clean(points: list[Point]) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in points:
        if not kept or math.dist(kept[-1], point) > 1e-3:
            kept.append(point)
    if len(kept) > 2 and math.dist(kept[0], kept[-1]) <= 1e-3:
        kept.pop()
    return tuple(kept)


def _cubic(a: Point, b: Point, c: Point, d: Point) -> Iterator[Point]:
    length = math.dist(a, b) + math.dist(b, c) + math.dist(c, d)
    steps = max(4, min(24, int(length / 3)))
    for step in range(1, steps + 1):
        t = step / steps
        s = 1 - t
        weights = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
        yield (
            sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
            sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
        )


def _arc(start: Point, numbers: list[float]) -> Iterator[Point]:
    """SVG 1.1, F.6.5: from endpoints to centre. The x axis is never turned here."""
    rx, ry, _turn, is_large, is_sweep, end_x, end_y = numbers
    dx, dy = (start[0] - end_x) / 2, (start[1] - end_y) / 2
    if not rx or not ry or (dx == 0 and dy == 0):
        yield end_x, end_y
        return
    scale = math.sqrt(max(1.0, (dx / rx) ** 2 + (dy / ry) ** 2))
    rx, ry = rx * scale, ry * scale
    top = max(0.0, (rx * ry) ** 2 - (rx * dy) ** 2 - (ry * dx) ** 2)
    root = math.sqrt(top / ((rx * dy) ** 2 + (ry * dx) ** 2)) * (-1 if is_large == is_sweep else 1)
    cx, cy = root * rx * dy / ry, -root * ry * dx / rx
    first = math.atan2((dy - cy) / ry, (dx - cx) / rx)
    last = math.atan2((-dy - cy) / ry, (-dx - cx) / rx)
    sweep = last - first
    if is_sweep and sweep < 0:
        sweep += 2 * math.pi
    elif not is_sweep and sweep > 0:
        sweep -= 2 * math.pi
    mid_x, mid_y = cx + (start[0] + end_x) / 2, cy + (start[1] + end_y) / 2
    steps = max(3, min(48, math.ceil(abs(sweep) * max(rx, ry) / 4)))
    for step in range(1, steps + 1):
        angle = first + sweep * step / steps
        yield mid_x + rx * math.cos(angle), mid_y + ry * math.sin(angle)


# ---- shorthands that give path text


def circle(x: float, y: float, r: float) -> str:
    return ellipse(x, y, r, r)


def ellipse(x: float, y: float, rx: float, ry: float) -> str:
    return f"M{x - rx} {y}A{rx} {ry} 0 0 1 {x + rx} {y}A{rx} {ry} 0 0 1 {x - rx} {y}Z"


def rect(x: float, y: float, width: float, height: float, r: float = 0) -> str:
    if not r:
        return f"M{x} {y}h{width}v{height}h{-width}Z"
    a = f"a{r} {r} 0 0 1 "
    return (
        f"M{x + r} {y}h{width - 2 * r}{a}{r} {r}v{height - 2 * r}{a}{-r} {r}"
        f"h{2 * r - width}{a}{-r} {-r}v{2 * r - height}{a}{r} {-r}Z"
    )


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

    def at(self, point: Point, matrix: Matrix) -> Point:
        a, b, c, d, e, f = matrix
        x, y = point
        return (
            self.left + (a * x + c * y + e) * self.scale,
            self.top - (b * x + d * y + f) * self.scale,
        )


def draw_shapes(shapes: Iterable[Shape], spot: Spot, recolour: str = "") -> None:
    """Add shapes to the open canvas; neighbours of one colour become one mesh."""
    colour, batch = "", Vertices()
    for shape in shapes:
        for name, vertices in _pieces(shape, spot):
            wanted = recolour or name
            if wanted != colour:
                _flush(colour, batch)
                colour, batch = wanted, Vertices()
            base = len(batch.vertices) // 4
            batch.vertices.extend(vertices.vertices)
            batch.indices.extend(index + base for index in vertices.indices)
    _flush(colour, batch)


def _pieces(shape: Shape, spot: Spot) -> Iterator[tuple[str, Vertices]]:
    lines = [
        ([spot.at(point, shape.matrix) for point in line.points], line.is_closed)
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
            dashes = (
                _dashes(points, is_closed, shape.dash, spot.scale) if shape.dash else [(points, is_closed)]
            )
            for part, closed in dashes:
                add_stroke(edge, part, closed, shape.width * spot.scale)
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
    out = Vertices()
    reach = side / 2 + 0.5
    out.fan((left + side / 2, bottom + side / 2), reach, 0.25 + 0.5 * reach, 0.25)
    _flush(colour, out)


def _flush(colour: str, batch: Vertices) -> None:
    if batch.indices:
        Color(*look.colour(colour))
        Mesh(vertices=batch.vertices, indices=batch.indices, mode="triangles", texture=ramp())


@cache
def ramp() -> Texture:
    """Two texels, clear and solid; between their middles (u 0.25 and 0.75) alpha rises over one pixel."""
    texture = Texture.create(size=(2, 1), colorfmt="rgba")
    texture.blit_buffer(bytes((255, 255, 255, 0, 255, 255, 255, 255)), colorfmt="rgba", bufferfmt="ubyte")
    texture.wrap = "clamp_to_edge"
    texture.mag_filter = texture.min_filter = "linear"
    return texture
