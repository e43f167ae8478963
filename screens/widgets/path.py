"""SVG path text -> straight lines; and shorthands that give path text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


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
