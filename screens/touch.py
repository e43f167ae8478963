"""Where a finger is, against where the panel says it is: a correction that the core keeps (SessionView.touch).

The display's turn is the compositor's affair (libinput's matrix, provisioning); this is what is left over: a panel that
was mounted askew, or replaced. Measured on five crosses (screens/staff/glass.py), tried at once, and kept only when a
sixth touch finds its mark with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

Matrix = tuple[float, float, float, float, float, float]
"""x' = a x + b y + c, y' = d x + e y + f, of the panel's width and height, from the lower left."""
Point = tuple[float, float]
IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MILLION: Final = 1_000_000
"""A view carries whole millionths."""


def of_view(touch: Sequence[int]) -> Matrix:
    """Empty: the panel is right as it is."""
    if len(touch) != len(IDENTITY):
        return IDENTITY
    a, b, c, d, e, f = (each / MILLION for each in touch)
    return (a, b, c, d, e, f)


def for_view(matrix: Matrix) -> tuple[int, ...]:
    return tuple(round(each * MILLION) for each in matrix)


def apply(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return (a * x + b * y + c, d * x + e * y + f)


def after(second: Matrix, first: Matrix) -> Matrix:
    """One correction that does `first`, then `second`."""
    a, b, c, d, e, f = second
    g, h, i, j, k, o = first
    return (a * g + b * j, a * h + b * k, a * i + b * o + c, d * g + e * j, d * h + e * k, d * i + e * o + f)


def fitted(felt: Sequence[Point], wanted: Sequence[Point]) -> Matrix | None:
    """The affine map that brings `felt` nearest to `wanted` (least squares); None when the points lie on one line."""
    rows = [(x, y, 1.0) for x, y in felt]
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(3)] for i in range(3)]
    solved: list[float] = []
    for axis in (0, 1):
        right = [sum(row[i] * goal[axis] for row, goal in zip(rows, wanted, strict=True)) for i in range(3)]
        found = _solve(normal, right)
        if found is None:
            return None
        solved += found
    a, b, c, d, e, f = solved
    return (a, b, c, d, e, f)


_FLAT: Final = 1e-6


def _solve(normal: Sequence[Sequence[float]], right: Sequence[float]) -> list[float] | None:
    """Cramer's rule, three by three."""
    whole = _determinant(normal)
    if abs(whole) < _FLAT:
        return None
    found = []
    for column in range(3):
        changed = [[right[i] if j == column else normal[i][j] for j in range(3)] for i in range(3)]
        found.append(_determinant(changed) / whole)
    return found


def _determinant(m: Sequence[Sequence[float]]) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


class Correction:
    """A module of Kivy's event loop (postproc): every touch passes it before a widget sees it."""

    def __init__(self) -> None:
        self._kept = IDENTITY
        self._tried: Matrix | None = None

    @property
    def matrix(self) -> Matrix:
        return self._tried or self._kept

    def keep(self, matrix: Matrix) -> None:
        """What the core says holds."""
        self._kept = matrix

    def try_out(self, matrix: Matrix | None) -> None:
        """Until it is kept or given up (None), in place of what holds."""
        self._tried = matrix

    def process(self, events: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
        """Each touch once: Kivy hands the same object on when a finger moves and when it leaves."""
        found = list(events)
        if self.matrix == IDENTITY:
            return found
        for _, touch in found:
            if not hasattr(touch, "sx") or touch.ud.get("corrected") == (touch.sx, touch.sy):
                continue
            touch.sx, touch.sy = apply(self.matrix, (touch.sx, touch.sy))
            touch.ud["corrected"] = (touch.sx, touch.sy)
        return found


TOUCH: Final = Correction()
"""This process has one panel."""
