"""The drawings, as data. Units are the drawing's own; the widget scales them. Orientation is true to the machine:
the card lies face up with the photo at the left, a coin goes in on its edge, a note short edge first and away from
the person, paper and receipt come towards the person."""

from __future__ import annotations

from typing import Final, NamedTuple

from screens.widgets.path import IDENTITY, Matrix, circle, ellipse, rect
from screens.widgets.vector import Shape


class Drawing(NamedTuple):
    width: float
    height: float
    shapes: tuple[Shape, ...]
    arrow: tuple[Shape, ...] = ()
    """Moves 6 mm along `way` once a second while the action is awaited."""
    way: tuple[float, float] = (0, 0)


def _icon(*paths: str, width: float = 3.6) -> Drawing:
    return Drawing(48, 48, tuple(Shape(path, stroke="ink", width=width) for path in paths))


def _moved(shapes: tuple[Shape, ...], matrix: Matrix) -> tuple[Shape, ...]:
    return tuple(shape._replace(matrix=_times(matrix, shape.matrix)) for shape in shapes)


def _times(m: Matrix, n: Matrix) -> Matrix:
    a, b, c, d, e, f = m
    g, h, i, j, k, o = n
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * o + e, b * k + d * o + f)


def _by(x: float, y: float, scale: float = 1) -> Matrix:
    return (scale, 0, 0, scale, x, y)


ICONS: Final[dict[str, Drawing]] = {
    "back": _icon("M41 24H9M22 10L8 24l14 14"),
    "stop": _icon(circle(24, 24, 19), "M16.5 16.5l15 15M31.5 16.5l-15 15"),
    "globe": _icon(circle(24, 24, 19), ellipse(24, 24, 8.5, 19), "M5 24h38M8 14.5h32M8 33.5h32", width=3.2),
    "voice": _icon("M5 18v12h8l12 10V8L13 18z", "M32 17a10 10 0 0 1 0 14M37.5 10.5a19 19 0 0 1 0 27"),
    "voice_off": _icon("M5 18v12h8l12 10V8L13 18z", "M33 18l11 12M44 18l-11 12"),
    "call": _icon(circle(18, 19, 8), "M3 44c0-9 6-14 15-14c9 0 15 5 15 14", "M29 5h15v12h-7l-5 5v-5h-3z"),
    "next": _icon("M7 24h32M26 10l14 14-14 14", width=4),
    "plus": _icon("M24 8v32M8 24h32", width=4),
    "minus": _icon("M8 24h32", width=4),
    "down": _icon("M24 7v32M10 26l14 14 14-14", width=4),
    "tick": _icon("M8 25l11 11 21-24", width=5),
    "tick_round": _icon(circle(24, 24, 20), "M14 25l7 7 13-15", width=4),
    "ask": _icon(circle(24, 24, 20), "M18 19a6 6 0 1 1 9 5c-2 1.3-3 2.5-3 5M24 35v.2"),
    "alert": _icon("M24 5L45 42H3z", "M24 19v11M24 36v.3", width=4),
    "safe": _icon("M24 4L41 10v13c0 11-7 17-17 21C14 40 7 34 7 23V10z", "M16 24l6 6 11-13"),
    "person": _icon(circle(24, 15, 9), "M6 44c0-11 7-16 18-16c11 0 18 5 18 16"),
    "lock": _icon(rect(9, 21, 30, 22, 4), "M15 21v-6a9 9 0 0 1 18 0v6M24 30v5"),
    "clock": _icon(circle(24, 24, 20), "M24 12v12l8 6"),
    "house": _icon("M5 20L24 6l19 14M9 20v22h30V20M19 42V28h10v14"),
    "store": _icon("M5 18L10 7h28l5 11zM8 18v24h32V18M19 42V28h10v14M5 18h38"),
    "counter": _icon(circle(24, 12, 7), "M10 30c1-7 6-9 14-9c8 0 13 2 14 9M4 30h40v6H4zM8 36v8M40 36v8"),
    "smile": _icon(circle(24, 24, 20), "M15 28c2 6 16 6 18 0", "M17 18v3M31 18v3"),
    "plain_face": _icon(circle(24, 24, 20), "M16 31h16", "M17 18v3M31 18v3"),
    "frown": _icon(circle(24, 24, 20), "M15 33c2-6 16-6 18 0", "M17 18v3M31 18v3"),
    "exit": _icon("M26 6H8v36h18", "M18 24h24M33 14l10 10-10 10", width=4),
    "info": _icon(circle(24, 24, 20), "M24 22v12M24 14v.3", width=4),
    "phone_call": _icon(
        "M12 6l7 1 3 9-5 4c2 5 6 9 11 11l4-5 9 3 1 7c0 3-3 5-6 5C20 41 7 28 7 12c0-3 2-6 5-6z"
    ),
    "ring": _icon(circle(24, 24, 19), width=2.6),
    "close": _icon("M10 10l28 28M38 10L10 38", width=4),
}

_INK = "ink"


def _number(digits: str, x: float, y: float, high: float) -> tuple[Shape, ...]:
    """Ones and zeros as strokes, centred: the figure on a coin or a note is part of the drawing in every language."""
    step, wide = high * 0.62, high * 0.2
    left = x - step * (len(digits) - 1) / 2
    shapes = []
    for index, digit in enumerate(digits):
        middle = left + index * step
        top = y - high / 2
        one = f"M{middle - wide} {top + high * 0.2}L{middle + 2} {top}V{top + high}"
        path = one if digit == "1" else ellipse(middle, y, wide, high / 2)
        shapes.append(Shape(path, stroke="ink", width=high * 0.15))
    return tuple(shapes)


_CARD: Final = (
    Shape(rect(4, 4, 532, 332, 26), fill="card", stroke=_INK),
    Shape("M40 56h250M40 104h400M230 170h260M230 220h200M230 270h240", stroke="card_line"),
    Shape(rect(40, 150, 130, 150), fill="tint", stroke=_INK),
    Shape("M56 300c0-40 18-58 49-58c31 0 49 18 49 58z", fill="card", stroke=_INK),
    Shape(circle(105, 205, 28), fill="card", stroke=_INK),
)
# The reader lies flat on the shelf, seen from the front and above; its mark is as large as the card.
_READER: Final = (
    Shape("M108 218h640v44H108z", fill="grey", stroke=_INK),
    Shape("M748 218L876 10v44L748 262z", fill="grey", stroke=_INK),
    Shape("M236 10h640L748 218H108z", fill="card", stroke=_INK),
    Shape("M276 26h540L708 202H168z", stroke="blue", dash=(22, 16)),
)
_FLAT: Final[Matrix] = (1, 0, -0.32, 0.52, 0, 0)


def _arrow(x: float, y: float, *, is_up: bool, size: float = 1) -> tuple[Shape, ...]:
    """Tip at x, y."""
    path = "M-42 -252h84v124h62L0 0l-104 -128h62z"
    return (Shape(path, fill="blue", matrix=(size, 0, 0, -size if is_up else size, x, y)),)


PLACE_CARD: Final = Drawing(
    984,
    700,
    (*_moved(_READER, _by(0, 430)), *_moved(_CARD, _times(_by(276, 20), _FLAT))),
    _arrow(494, 480, is_up=False),
    (0, 1),
)
CARD_LIES: Final = Drawing(
    984, 700, (*_moved(_READER, _by(0, 300)), *_moved(_CARD, _times(_by(276, 326), _FLAT)))
)
TAKE_CARD: Final = Drawing(
    984,
    700,
    (*_moved(_READER, _by(0, 430)), *_moved(_CARD, _times(_by(276, 316), _FLAT))),
    _arrow(494, 36, is_up=True),
    (0, -1),
)
CARD: Final = Drawing(540, 340, tuple(s._replace(width=12) for s in _CARD))
PIN: Final = Drawing(
    150,
    70,
    (
        Shape(rect(2, 2, 146, 66, 14), fill="card", stroke=_INK, width=4),
        *(Shape(circle(x, 35, 9), fill=_INK) for x in (30, 60, 90, 120)),
    ),
)

_MACHINE: Final = (
    Shape(rect(14, 8, 212, 424, 20), fill="card", stroke=_INK, width=7),
    Shape(rect(56, 30, 128, 200, 6), fill="grey", stroke=_INK, width=7),
    Shape("M14 250h212M36 276h62M36 300h38M92 294v16", stroke=_INK, width=7),
    Shape(rect(152, 268, 52, 38), stroke=_INK, width=7),
    Shape("M36 350h56v18a28 22 0 0 1 -56 0z", stroke=_INK, width=7),
    Shape(rect(116, 350, 92, 44), stroke=_INK, width=7),
)


def _machine(hot: str, x: float, y: float, ring: float = 50) -> Drawing:
    ring_shape = Shape(circle(x, y, ring), stroke="blue", width=8)
    return Drawing(252, 440, (*_MACHINE, Shape(hot, fill="blue", stroke="blue", width=7), ring_shape))


# Where things are: the same little machine each time, seen from the front, the place ringed.
MACHINE_READER: Final = _machine(rect(152, 268, 52, 38), 178, 287)
MACHINE_MONEY: Final = _machine(rect(36, 268, 62, 42), 67, 289)
MACHINE_TRAY: Final = _machine("M36 350h56v18a28 22 0 0 1 -56 0z", 64, 369, 46)
MACHINE_TERMINAL: Final = _machine(rect(152, 268, 52, 38), 178, 287)
"""Beside the card reader, at the same height. [K] each machine has its own place for it."""
MACHINE_PAPER: Final = _machine(rect(116, 350, 92, 44), 162, 372, 62)

COIN_IN: Final = Drawing(
    440,
    310,
    (
        Shape("M40 248h360v34H40z", fill="grey", stroke=_INK),
        Shape("M100 170h240l60 78H40z", fill="card", stroke=_INK),
        Shape("M128 209h184", stroke=_INK, width=20),
        # on its edge, seen from the front, its lower part already below the rim of the slot
        Shape("M148 208A84 84 0 1 1 292 208z", fill="card", stroke=_INK),
        Shape("M168.5 203A64 64 0 1 1 271.5 203", stroke="card_line", width=5),
        *_number("100", 220, 160, 46),
        Shape("M128 214h184", stroke=_INK, width=10),
    ),
    _arrow(376, 152, is_up=False, size=0.56),
    (0, 1),
)
NOTE_IN: Final = Drawing(
    440,
    310,
    (
        Shape(rect(50, 6, 340, 92, 14), fill="grey", stroke=_INK),
        Shape("M116 56h208", stroke=_INK, width=20),
        Shape("M136 58h168l50 234H86z", fill="card", stroke=_INK),
        Shape(ellipse(220, 168, 42, 54), stroke="card_line", width=5),
        *_number("1000", 152, 262, 36),
    ),
    _arrow(400, 140, is_up=True, size=0.56),
    (0, -1),
)
NOTE_OUT: Final = NOTE_IN._replace(arrow=_arrow(400, 290, is_up=False, size=0.56), way=(0, 1))
TRAY: Final = Drawing(
    250,
    250,
    (
        Shape("M14 112h222v26a111 84 0 0 1 -222 0z", fill="grey", stroke=_INK),
        Shape(ellipse(125, 112, 111, 40), fill="card", stroke=_INK),
        *(
            Shape(ellipse(x, y, 32, 13), fill="card", stroke=_INK, width=5)
            for x, y in ((78, 112), (168, 106), (104, 126), (156, 126))
        ),
    ),
    _arrow(125, 4, is_up=True, size=0.32),
    (0, -1),
)
PAPER_OUT: Final = Drawing(
    250,
    250,
    (
        Shape(rect(10, 16, 230, 44, 10), fill="grey", stroke=_INK),
        Shape("M50 40h150", stroke=_INK, width=14),
        Shape("M56 42h138l18 192H38z", fill="card", stroke=_INK),
        Shape("M76 84h96M72 112h106", stroke="card_line", width=5),
    ),
    _arrow(125, 226, is_up=False, size=0.36),
    (0, 1),
)
RECEIPT_OUT: Final = Drawing(
    250,
    250,
    (
        Shape(rect(50, 16, 150, 44, 10), fill="grey", stroke=_INK),
        Shape("M84 40h82", stroke=_INK, width=14),
        Shape("M88 42h74l8 186l-15-12l-15 12l-15-12l-15 12l-15-12l-15 12z", fill="card", stroke=_INK),
        Shape("M104 78h42M103 100h45", stroke="card_line", width=5),
    ),
    _arrow(125, 204, is_up=False, size=0.32),
    (0, 1),
)

# The photo on the card and the person in front: are they one?
CARD_AND_FACE: Final = Drawing(
    900,
    360,
    (
        *_moved(tuple(s._replace(width=9) for s in _CARD), _by(10, 60, 0.72)),
        Shape("M452 150h70M452 200h70", stroke="blue", width=16),
        Shape("M590 330c0-62 44-92 130-92c86 0 130 30 130 92z", fill="tint", stroke=_INK),
        Shape(ellipse(720, 140, 84, 108), fill="card", stroke=_INK),
        Shape(circle(690, 130, 8), fill=_INK),
        Shape(circle(750, 130, 8), fill=_INK),
        Shape("M694 190q26 20 52 0", stroke=_INK),
    ),
)
# The card's front, held up to the eye of the machine.
SHOW_CARD: Final = Drawing(
    520,
    420,
    (
        Shape(circle(260, 46, 34), fill="grey", stroke=_INK),
        Shape(circle(260, 46, 14), fill="card", stroke=_INK, width=5),
        *_moved(tuple(s._replace(width=9) for s in _CARD), _by(50, 140, 0.72)),
    ),
)
# A payment terminal with the four arcs of contactless, and a card that is laid on it.
TERMINAL: Final = Drawing(
    300,
    300,
    (
        Shape(rect(60, 110, 180, 180, 16), fill="grey", stroke=_INK),
        Shape(rect(80, 128, 140, 44, 6), fill="card", stroke=_INK, width=5),
        Shape("M112 268a52 52 0 0 1 76 0M126 250a34 34 0 0 1 48 0", stroke=_INK, width=8),
        Shape(circle(150, 276, 7), fill=_INK, stroke=_INK, width=2),
        Shape(rect(86, 14, 128, 80, 10), fill="tint", stroke=_INK),
        Shape("M86 40h128", stroke=_INK, width=9),
    ),
    _arrow(264, 92, is_up=False, size=0.36),
    (0, 1),
)
# A phone with a code on it, held up to the eye of the machine.
PHONE: Final = Drawing(
    300,
    300,
    (
        Shape(circle(150, 40, 28), fill="grey", stroke=_INK),
        Shape(circle(150, 40, 11), fill="card", stroke=_INK, width=5),
        Shape(rect(88, 96, 124, 196, 16), fill="card", stroke=_INK),
        Shape(rect(112, 128, 30, 30), stroke=_INK, width=8),
        Shape(rect(158, 128, 30, 30), stroke=_INK, width=8),
        Shape(rect(112, 174, 30, 30), stroke=_INK, width=8),
        Shape("M160 176h14v14M188 176v28M160 204h14M112 226h76M112 246h76", stroke=_INK, width=8),
    ),
    _arrow(256, 118, is_up=True, size=0.36),
    (0, -1),
)

# A person behind the counter: where to go now.
COUNTER: Final = Drawing(
    480,
    330,
    (
        Shape("M150 190c0-62 34-92 90-92c56 0 90 30 90 92z", fill="tint", stroke=_INK),
        Shape(circle(240, 62, 46), fill="card", stroke=_INK),
        Shape(rect(24, 190, 432, 34, 6), fill="card", stroke=_INK),
        Shape(rect(48, 224, 384, 92), fill="grey", stroke=_INK),
        Shape("M318 150h84v40h-84z", fill="card", stroke=_INK, width=5),
        Shape("M334 164h52M334 176h36", stroke="card_line", width=5),
    ),
)

DRAWINGS: Final[dict[str, Drawing]] = {
    "place_card": PLACE_CARD,
    "card_lies": CARD_LIES,
    "take_card": TAKE_CARD,
    "card": CARD,
    "counter": COUNTER,
    "card_and_face": CARD_AND_FACE,
    "show_card": SHOW_CARD,
    "pin": PIN,
    "machine_reader": MACHINE_READER,
    "machine_money": MACHINE_MONEY,
    "machine_tray": MACHINE_TRAY,
    "machine_paper": MACHINE_PAPER,
    "machine_terminal": MACHINE_TERMINAL,
    "terminal": TERMINAL,
    "phone": PHONE,
    "coin_in": COIN_IN,
    "note_in": NOTE_IN,
    "note_out": NOTE_OUT,
    "tray": TRAY,
    "paper_out": PAPER_OUT,
    "receipt_out": RECEIPT_OUT,
}

__all__ = ["DRAWINGS", "ICONS", "IDENTITY", "Drawing"]
