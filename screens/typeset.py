"""Text -> lines -> a grey mask, with Pillow (FreeType, HarfBuzz). Knows no Kivy: colour and texture come later.

Kivy's own labels have no line-breaking rules, no mixed weights without markup, and measure by trial; here a text is
broken between phrases, set on the em box and drawn once (ADR 0021).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw

from i18n.message import Line, Message, Run, break_lines
from screens import fonts

BLEED = 0.16
"""Room above the first and below the last line box for what sticks out of the em box, in em."""


class Setting(NamedTuple):
    """How a text is to be set. `width` in pixels; `align`: left, center, right."""

    px: int
    leading: float
    is_bold: bool
    width: float
    align: str


class Block(NamedTuple):
    """A set text: its lines, its size, and where the first baseline lies below the top."""

    lines: tuple[Line, ...]
    width: int
    height: int
    baseline: int
    line_height: int


@lru_cache(maxsize=8192)
def _advance(text: str, px: int, is_bold: bool) -> float:
    return float(fonts.face(px, is_bold).getlength(text))


def natural_width(message: Message, px: int, is_bold: bool, is_private: bool = False) -> int:
    """The width that needs no breaking."""
    advance = _advance.__wrapped__ if is_private else _advance
    widest = 0.0
    for paragraph in message.paragraphs:
        widest = max(
            widest,
            sum(advance(run.text, px, is_bold or run.is_bold) for phrase in paragraph for run in phrase),
        )
    return math.ceil(widest)


def set_text(message: Message, setting: Setting, is_private: bool = False) -> Block:
    """Break into lines and measure. What is private is kept in no cache."""
    return (_set.__wrapped__ if is_private else _set)(message, setting, is_private)


@lru_cache(maxsize=512)
def _set(message: Message, setting: Setting, is_private: bool) -> Block:
    advance = _advance.__wrapped__ if is_private else _advance

    def measure(run: Run) -> float:
        return advance(run.text, setting.px, setting.is_bold or run.is_bold)

    lines = tuple(break_lines(message, setting.width + 0.5, measure))
    line_height = round(setting.px * setting.leading)
    space = (setting.leading - fonts.ASCENT - fonts.DESCENT) / 2
    return Block(
        lines=lines,
        width=math.ceil(max((line.width for line in lines), default=0)),
        height=line_height * len(lines),
        baseline=round(setting.px * (space + fonts.ASCENT)),
        line_height=line_height,
    )


def bleed_px(setting: Setting) -> int:
    return round(setting.px * BLEED)


def draw_mask(block: Block, setting: Setting, is_private: bool = False) -> Image.Image:
    """A grey picture, white where ink is; `bleed_px` larger than the block at the top, the bottom and both sides."""
    advance = _advance.__wrapped__ if is_private else _advance
    bleed = bleed_px(setting)
    image = Image.new("L", (block.width + 2 * bleed, block.height + 2 * bleed))
    pen = ImageDraw.Draw(image)
    y = bleed + block.baseline
    for line in block.lines:
        x = float(bleed)
        if setting.align != "left":
            slack = block.width - line.width
            x += round(slack / 2 if setting.align == "center" else slack)
        for run in line.runs:
            is_bold = setting.is_bold or run.is_bold
            pen.text((x, y), run.text, fill=255, font=fonts.face(setting.px, is_bold), anchor="ls")
            x += advance(run.text, setting.px, is_bold)
        y += block.line_height
    return image
