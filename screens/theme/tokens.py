"""The design's numbers, in millimetres. Pixels come from the panel's real size (theme/look.py), never from here."""

from __future__ import annotations

from typing import Final, NamedTuple


class TextStyle(NamedTuple):
    """`em_mm`: the square of a kanji. `leading`: line height in em. `most`: the largest text-size factor it follows."""

    em_mm: float
    leading: float
    is_bold: bool = False
    most: float = 1.4


# 10.5 mm em = 7.7 mm capital = 0.73 degrees at 60 cm (EN 301 549 asks for 0.70): nothing is smaller.
TEXT: Final[dict[str, TextStyle]] = {
    "body": TextStyle(10.5, 1.4),
    "lead": TextStyle(12, 1.4),
    "place": TextStyle(12, 1.4, most=1.15),
    "head": TextStyle(14, 1.3, is_bold=True),
    "title": TextStyle(16, 1.25, is_bold=True),
    "figure": TextStyle(24, 1.1, is_bold=True),
    "number": TextStyle(30, 1.15, is_bold=True),
    "huge": TextStyle(40, 1.05, is_bold=True),
    "key": TextStyle(20, 1.2, is_bold=True),
    "bar": TextStyle(10.5, 1.15, is_bold=True, most=1.2),
    "dot": TextStyle(10.5, 1.0, is_bold=True, most=1.0),
    "dot_here": TextStyle(12, 1.0, is_bold=True, most=1.0),
}

SIZE_FACTOR: Final[dict[str, float]] = {"S": 1.0, "M": 1.15, "L": 1.25, "XL": 1.4}

TIGHT: Final = (0.9, 0.8)
"""Where a long language has no room even at S: titles and leads come nearer to the body's size, never below it."""
LEAST_EM: Final = 10.5

EDGE: Final = 12.0
"""Margin at the sides."""
RADIUS: Final = 4.0
LINE: Final = 0.75
CHOSEN_LINE: Final = 1.5
LIP: Final = 1.5
"""The edge below what can be pressed."""

FOCUS_LINE: Final = 1.0
FOCUS_INNER: Final = 0.5
"""Around what the keys are on: a line and one inside it."""

GAP_1: Final = 3.0
GAP_2: Final = 4.0
GAP_3: Final = 6.0
GAP_4: Final = 8.0

MAIN_HEIGHT: Final = 38.0
SIDE_HEIGHT: Final = 26.0
KEY_HEIGHT: Final = 42.0
COUNT_BUTTON: Final = 25.0
BAR_HEIGHT: Final = 47.0
BAR_HEIGHT_ACROSS: Final = 29.0
"""Where the panel lies across, a word stands beside its icon."""
HELP_LINE: Final = 19.5
HELP_LINE_GAP: Final = 3.5
"""In low reach, above the words of the bar: the way to end somebody's help. Keys are lower then."""
KEY_HEIGHT_HELPED: Final = 26.0
STEPS_HEIGHT: Final = 18.0

LOW_HEIGHTS: Final[dict[str, float]] = {
    "main": 34.0, "side": 24.0, "plain": 24.0, "key": 33.0, "option": 25.0, "count": 24.5, "taken": 39.5,
}  # fmt: skip
"""Kinds of buttons where the controls have only a part of the panel: low reach, landscape."""

DESIGN_MM: Final = (267.8, 476.1)
"""The sheet that everything is drawn for: 21.5", upright, read at 60 cm. Other panels show it larger or smaller."""
SMALLEST: Final = 0.725
"""15.6": the least that the sheet may shrink. Targets are checked at this size."""
DISTANCE_MM: Final = 600.0
REACH_MM: Final = 250.0
"""Low reach: controls lie at most so far above the panel's lower edge (which stands at 85 cm: 110 cm)."""

# The gate (VVSG 2.0 for targets, EN 301 549 for letters, WCAG 2.2 AAA for contrast).
MAIN_LEAST: Final = 24.0
TARGET_LEAST: Final = (17.8, 12.7)
TARGET_GAP_LEAST: Final = 2.5
CAPITAL_LEAST: Final = 7.3
CAPITAL_PER_EM: Final = 0.714
"""Noto Sans; Noto Sans CJK has 0.733."""
CAPITAL_DEGREES: Final = 0.7
TEXT_CONTRAST_LEAST: Final = 7.0
EDGE_CONTRAST_LEAST: Final = 3.0
