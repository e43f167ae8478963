"""A picture for each step of a remedy (kiosk/engine/remedies.py): what a hand does, drawn from a few parts.

The machine is seen from the front; an arrow says which way a thing goes. No words: whoever reads none sees it.
"""

from __future__ import annotations

from typing import Final

from screens.widgets.drawings import COUNTER, TERMINAL, Drawing, _arrow, _by, _moved
from screens.widgets.path import circle, ellipse, rect
from screens.widgets.vector import Shape

WIDE, HIGH = 420, 300
_INK = "ink"
_CABINET: Final = (
    Shape(rect(40, 16, 200, 268, 14), fill="card", stroke=_INK),
    Shape(rect(76, 40, 128, 110, 6), fill="grey", stroke=_INK),
)
_DOOR: Final = (
    Shape("M240 16L352 50V284L240 284z", fill="tint", stroke=_INK),
    Shape(circle(332, 176, 9), fill=_INK),
)
_KEY: Final = (
    Shape(circle(332, 232, 22), stroke="blue", width=10),
    Shape("M332 210V150M332 172h20M332 190h20", stroke="blue", width=10),
)
_PRINTER: Final = (
    Shape(rect(60, 80, 300, 180, 14), fill="card", stroke=_INK),
    Shape("M96 128h228", stroke=_INK, width=14),
    Shape(rect(84, 190, 252, 54, 6), fill="grey", stroke=_INK),
    Shape("M184 217h52", stroke=_INK, width=9),
)
_DRAWER: Final = (
    Shape(rect(60, 40, 300, 120, 14), fill="card", stroke=_INK),
    Shape("M96 76h228", stroke=_INK, width=14),
    Shape("M84 160h252l28 96H56z", fill="grey", stroke=_INK),
    Shape("M104 178h212l16 60H88z", fill="card", stroke=_INK, width=5),
)
_LID_UP: Final = (
    Shape(rect(60, 150, 300, 120, 14), fill="card", stroke=_INK),
    Shape("M60 150L96 34H392L360 150z", fill="tint", stroke=_INK),
    Shape("M96 196h228", stroke=_INK, width=14),
)
_SHEETS: Final = (
    Shape("M120 250L84 60l150 -26l24 190z", fill="card", stroke=_INK),
    Shape("M140 258L132 56h150v200z", fill="card", stroke=_INK),
    Shape("M160 264L190 62l150 22l-40 196z", fill="card", stroke=_INK),
)
_PAPER: Final = (
    Shape("M130 60h160v200H130z", fill="card", stroke=_INK),
    Shape("M156 100h108M156 130h108M156 160h74", stroke="card_line", width=6),
)
_GLASS: Final = (
    Shape(circle(286, 190, 46), fill="tint", stroke="blue", width=12),
    Shape("M318 224L366 274", stroke="blue", width=16),
)
_ROLL_BODY: Final = (
    Shape(rect(110, 120, 200, 150, 14), fill="card", stroke=_INK),
    Shape("M146 150h128", stroke=_INK, width=14),
)
_ROLL_OPEN: Final = (
    Shape(rect(110, 150, 200, 120, 14), fill="card", stroke=_INK),
    Shape("M110 150L140 70H336L310 150z", fill="tint", stroke=_INK),
)
_ROLL: Final = (
    Shape(circle(210, 96, 62), fill="card", stroke=_INK),
    Shape(circle(210, 96, 18), fill="grey", stroke=_INK),
)
_READER: Final = (
    Shape("M110 120h200l60 120H50z", fill="card", stroke=_INK),
    Shape("M50 240h320v28H50z", fill="grey", stroke=_INK),
    Shape("M134 142h152l40 76H94z", stroke="blue", width=6, dash=(16, 12)),
)
_PLUG: Final = (
    Shape(rect(40, 96, 120, 110, 12), fill="grey", stroke=_INK),
    Shape(rect(66, 128, 68, 46, 6), fill="card", stroke=_INK),
    Shape(rect(206, 122, 84, 58, 8), fill="tint", stroke=_INK),
    Shape("M290 151h90", stroke=_INK, width=18),
)
_LAMP: Final = (
    Shape(circle(210, 60, 22), fill="blue", stroke="blue"),
    Shape("M210 16v-10M256 60h12M152 60h12M244 28l10 -10M176 28l-10 -10", stroke="blue", width=8),
)
_SAFE: Final = (
    Shape(rect(60, 70, 300, 200, 14), fill="card", stroke=_INK),
    Shape(rect(84, 94, 252, 152, 8), fill="grey", stroke=_INK),
    Shape(circle(210, 170, 34), fill="card", stroke=_INK),
    Shape("M210 136v68M176 170h68", stroke=_INK, width=6),
)
_BOX: Final = (Shape("M70 150h280l-24 120H94z", fill="grey", stroke=_INK),)
_COINS: Final = tuple(
    Shape(ellipse(x, y, 44, 18), fill="card", stroke=_INK, width=5)
    for x, y in ((150, 150), (250, 146), (200, 132), (210, 158))
)
_NOTE_UNIT: Final = (
    Shape(rect(100, 30, 220, 240, 14), fill="card", stroke=_INK),
    Shape("M136 90h148", stroke=_INK, width=16),
    Shape(rect(124, 150, 40, 84, 8), fill="blue", stroke=_INK),
)
_NOTE_LEANS: Final = (
    *_NOTE_UNIT[:2],
    Shape("M124 234L60 180l26 -32l64 54z", fill="blue", stroke=_INK),
)
_NOTE: Final = (
    Shape("M150 92h120l24 150H126z", fill="card", stroke=_INK),
    Shape(ellipse(210, 160, 26, 34), stroke="card_line", width=5),
)
_PERSON: Final = (
    Shape("M120 284c0-84 40-116 90-116c50 0 90 32 90 116z", fill="tint", stroke=_INK),
    Shape(circle(210, 96, 56), fill="card", stroke=_INK),
    Shape(rect(226, 218, 48, 34, 6), fill="card", stroke="blue", width=8),
)
_PHONE: Final = _moved(
    (
        Shape(
            "M12 6l7 1 3 9-5 4c2 5 6 9 11 11l4-5 9 3 1 7c0 3-3 5-6 5C20 41 7 28 7 12c0-3 2-6 5-6z",
            fill="tint",
            stroke=_INK,
            width=9,
        ),
        Shape("M30 8a14 14 0 0 1 10 10M32 2a20 20 0 0 1 14 14", stroke="blue", width=11),
    ),
    _by(70, 10, 5.8),
)
_CLOCK: Final = (
    Shape(circle(210, 150, 120), fill="card", stroke=_INK, width=9),
    Shape("M210 78v72l52 34", stroke="blue", width=14),
)
_SCREEN: Final = (
    Shape(rect(110, 14, 200, 272, 14), fill="card", stroke=_INK),
    Shape("M140 62h140M140 106h140M140 150h140", stroke="card_line", width=8),
    Shape(rect(140, 206, 140, 48, 10), fill="blue", stroke="blue"),
)
_TICK: Final = (Shape("M178 230l22 22l44 -50", stroke="card", width=12),)
_BAG: Final = (
    Shape("M110 120h200l18 150H92z", fill="tint", stroke=_INK),
    Shape("M160 120c0-70 100-70 100 0", stroke=_INK, width=9),
)
_NEVER: Final = (
    Shape(circle(210, 150, 116), stroke="red", width=18),
    Shape("M128 68L292 232", stroke="red", width=18),
)
_CLOTH: Final = (Shape("M140 150q60 -50 130 -10q20 50 -50 60q-90 10 -80 -50z", fill="tint", stroke="blue"),)
_CARD_OFF: Final = (Shape(rect(150, 60, 130, 82, 12), fill="card", stroke=_INK),)
_SWITCH: Final = (
    Shape(circle(210, 150, 96), fill="card", stroke=_INK, width=9),
    Shape("M176 112a52 52 0 1 0 68 0M210 84v62", stroke="blue", width=14),
)
_FACE: Final = (
    Shape(circle(320, 120, 54), fill="card", stroke=_INK),
    Shape("M240 284c0-70 34-100 80-100c46 0 80 30 80 100z", fill="tint", stroke=_INK),
)
_TO_FACE: Final = (Shape("M190 140h56M190 180h56", stroke="blue", width=14),)


def _picture(
    *parts: tuple[Shape, ...], up: tuple[float, float] = (0, 0), down: tuple[float, float] = (0, 0)
) -> Drawing:
    """`up`, `down`: the tip of an arrow that goes that way."""
    shapes = tuple(shape for part in parts for shape in part)
    x, y = up if up != (0, 0) else down
    if not x:
        return Drawing(WIDE, HIGH, shapes)
    arrow = _arrow(x, y, is_up=up != (0, 0), size=0.42)
    return Drawing(WIDE, HIGH, shapes, arrow, (0, -1 if up != (0, 0) else 1))


_CALL: Final = _picture(_PHONE)
_WAIT: Final = _picture(_CLOCK)
_ON_SCREEN: Final = _picture(_SCREEN, _TICK)

REMEDIES: Final[dict[str, Drawing]] = {
    "door": _picture(_CABINET, _DOOR, _KEY),
    "door-shut": _picture(_CABINET, _KEY),
    "tray-out": _picture(_DRAWER, down=(210, 296)),
    "paper-fan": _picture(_SHEETS),
    "paper-in": _picture(_DRAWER, down=(210, 226)),
    "tray-in": _picture(_PRINTER, up=(210, 186)),
    "wait-ready": _WAIT,
    "cover": _picture(_LID_UP, up=(250, 30)),
    "paper-pull": _picture(_LID_UP, _moved(_PAPER, _by(84, 130, 0.6)), down=(210, 296)),
    "paper-look": _picture(_PAPER, _GLASS),
    "cover-shut": _picture(_PRINTER, down=(210, 118)),
    "power-printer": _picture(_SWITCH),
    "roll-open": _picture(_ROLL_OPEN, up=(230, 66)),
    "roll-out": _picture(_ROLL_OPEN, _ROLL, up=(346, 20)),
    "roll-in": _picture(_ROLL_OPEN, _ROLL, down=(346, 150)),
    "roll-shut": _picture(_ROLL_BODY, (Shape("M170 150v-60h80v60", fill="card", stroke=_INK),)),
    "card-away": _picture(_READER, _CARD_OFF, up=(340, 30)),
    "reader-wipe": _picture(_READER, _CLOTH),
    "reader-cable": _picture(_PLUG),
    "reader-light": _picture(_READER, _LAMP),
    "officer": _picture(_PERSON),
    "cash-door": _picture(_SAFE, _moved(_KEY, _by(36, -60))),
    "cash-look": _picture(_BOX, _COINS, _GLASS),
    "cash-cable": _picture(_PLUG),
    "cash-shut": _picture(_SAFE),
    "note-open": _picture(_NOTE_LEANS),
    "note-pull": _picture(_NOTE_LEANS, _NOTE, down=(210, 296)),
    "note-shut": _picture(_NOTE_UNIT),
    "note-clear": _ON_SCREEN,
    "refill": _picture(_BOX, _COINS, down=(210, 120)),
    "collect": _picture(_BOX, _COINS, up=(210, 10)),
    "recount": _picture(_BOX, _COINS, _moved(_SCREEN, _by(270, 10, 0.4))),
    "slip-pay": COUNTER,
    "incident-close": _ON_SCREEN,
    "exchange-end": _ON_SCREEN,
    "left-away": _picture(_BAG, _moved(_KEY, _by(-20, 20))),
    "left-register": _ON_SCREEN,
    "terminal-look": TERMINAL._replace(arrow=(), way=(0, 0)),
    "company-call": _CALL,
    "net-cable": _picture(_PLUG),
    "net-light": _picture(_PLUG, _moved(_LAMP, _by(-110, 0))),
    "net-wait": _WAIT,
    "net-call": _CALL,
    "server-call": _CALL,
    "paper-compare": _picture(_moved(_PAPER, _by(-90, 0)), _TO_FACE, _FACE),
    "section-call": _CALL,
    "clock-look": _picture(_CLOCK, _moved(_GLASS, _by(20, 0))),
    "clock-wait": _WAIT,
    "clock-call": _CALL,
    "no-cash": _picture(_BOX, _COINS, _NEVER),
    "disk-call": _CALL,
    "call-technician": _CALL,
}
