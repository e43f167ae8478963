"""Text -> lines -> a grey mask, with Pillow (FreeType, HarfBuzz). Knows no Kivy: colour and texture come later.

Kivy's own labels have no line-breaking rules, no mixed weights without markup, and measure by trial; here a text is
broken between phrases, set on the em box and drawn once (ADR 0021). Each letter comes from the first face of its
language that has it (ADR 0022).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw

from i18n.message import Line, Message, Run, break_lines, joined_runs, stripped
from screens import fonts

BLEED = 0.3
"""Room around the lines for what sticks out of them, in em. Nothing is clipped, whatever a script piles up."""

RUBY = 0.5
"""The size of ruby, of the letters that it stands above (JLREQ 3.3.3)."""
_RUBY_LINE = 1.62
_RUBY_ROOM = RUBY + 0.06
"""Line height with ruby, and what the ruby takes of it above the letters, in em."""


class Setting(NamedTuple):
    """How a text is to be set. `width` in pixels; `align`: left, center, right."""

    px: int
    leading: float
    is_bold: bool
    width: float
    align: str
    language: str


class Block(NamedTuple):
    """A set text: its lines, its size, and where the first baseline lies below the top."""

    lines: tuple[Line, ...]
    width: int
    height: int
    baseline: int
    line_height: int


@lru_cache(maxsize=8192)
def _advance(text: str, px: int, is_bold: bool, language: str) -> float:
    return _length(text, px, is_bold, language, False)


def _advance_unkept(text: str, px: int, is_bold: bool, language: str) -> float:
    return _length(text, px, is_bold, language, True)


def _length(text: str, px: int, is_bold: bool, language: str, is_private: bool) -> float:
    return sum(
        float(fonts.face(piece.face, px, is_bold).getlength(piece.text))
        for piece in fonts.split(text, language, is_private)
    )


class _Ruler(NamedTuple):
    """Measures runs of one setting."""

    px: int
    is_bold: bool
    language: str
    is_private: bool

    def letters(self, run: Run) -> float:
        advance = _advance_unkept if self.is_private else _advance
        return advance(run.text, self.px, self.is_bold or run.is_bold, self.language)

    def ruby(self, run: Run) -> float:
        return _advance(run.ruby, self.ruby_px, False, self.language) if run.ruby else 0.0

    @property
    def ruby_px(self) -> int:
        return round(self.px * RUBY)

    def both(self, run: Run) -> float:
        """Ruby that is longer than its letters pushes the neighbours away."""
        return max(self.letters(run), self.ruby(run))


def natural_width(message: Message, px: int, is_bold: bool, language: str, is_private: bool = False) -> int:
    """The width that needs no breaking."""
    ruler = _Ruler(px, is_bold, language, is_private)
    widest = 0.0
    for paragraph in message.paragraphs:
        runs = joined_runs(run for phrase in paragraph for run in phrase)
        widest = max(widest, sum(ruler.both(run) for run in runs))
    return math.ceil(widest)


def widest_phrase(message: Message, px: int, is_bold: bool, language: str, is_private: bool = False) -> int:
    """What may not be broken: a line shorter than this cuts a word."""
    ruler = _Ruler(px, is_bold, language, is_private)
    widest = 0.0
    for paragraph in message.paragraphs:
        for phrase in paragraph:
            widest = max(widest, sum(ruler.both(run) for run in stripped(phrase)))
    return math.ceil(widest)


def set_text(message: Message, setting: Setting, is_private: bool = False) -> Block:
    """Break into lines and measure. What is private is kept in no cache."""
    return (_set.__wrapped__ if is_private else _set)(message, setting, is_private)


@lru_cache(maxsize=512)
def _set(message: Message, setting: Setting, is_private: bool) -> Block:
    ruler = _Ruler(setting.px, setting.is_bold, setting.language, is_private)
    lines = tuple(break_lines(message, setting.width + 0.5, ruler.both))
    above, line_em = _line_em(message, setting)
    line_height = round(setting.px * line_em)
    return Block(
        lines=lines,
        width=math.ceil(max((line.width for line in lines), default=0)),
        height=line_height * len(lines),
        baseline=round(setting.px * above),
        line_height=line_height,
    )


def _line_em(message: Message, setting: Setting) -> tuple[float, float]:
    """Where the baseline lies below a line's top, and how high a line is, in em."""
    ascent, descent = fonts.LEADINGS.get(setting.language, fonts.Leading())
    if message.has_ruby:
        height = max(setting.leading, _RUBY_LINE)
        return _RUBY_ROOM + (height - _RUBY_ROOM - ascent - descent) / 2 + ascent, height
    height = max(setting.leading, ascent + descent)
    return (height - ascent - descent) / 2 + ascent, height


def overhang(message: Message, setting: Setting, is_private: bool = False) -> int:
    """How far ink reaches beyond the width, on the right: in Burmese, a vowel sign by half a letter."""
    return (_overhang.__wrapped__ if is_private else _overhang)(message, setting, is_private)


@lru_cache(maxsize=512)
def _overhang(message: Message, setting: Setting, is_private: bool) -> int:
    block = set_text(message, setting, is_private)
    most = 0.0
    for line in block.lines:
        if not line.runs:
            continue
        run = line.runs[-1]
        piece = fonts.split(run.text, setting.language, is_private)[-1]
        face = fonts.face(piece.face, setting.px, setting.is_bold or run.is_bold)
        beyond = face.getbbox(piece.text, anchor="ls")[2] - face.getlength(piece.text)
        most = max(most, line.width + beyond - block.width)
    return math.ceil(most)


def bleed_px(setting: Setting) -> int:
    return round(setting.px * BLEED)


def draw_mask(block: Block, setting: Setting, is_private: bool = False) -> Image.Image:
    """A grey picture, white where ink is; `bleed_px` larger than the block at the top, the bottom and both sides."""
    ruler = _Ruler(setting.px, setting.is_bold, setting.language, is_private)
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
            wide, letters = ruler.both(run), ruler.letters(run)
            _draw_run(pen, x + (wide - letters) / 2, y, run.text, setting, ruler, run.is_bold)
            if run.ruby:
                above = y - setting.px * (fonts.ASCENT + 0.02 + RUBY * fonts.DESCENT)
                left = x + (wide - ruler.ruby(run)) / 2
                small = setting._replace(px=ruler.ruby_px, is_bold=False)
                _draw_run(pen, left, above, run.ruby, small, ruler, False)
            x += wide
        y += block.line_height
    return image


def _draw_run(
    pen: ImageDraw.ImageDraw, x: float, y: float, text: str, setting: Setting, ruler: _Ruler, is_bold: bool
) -> None:
    pieces = fonts.split(text, setting.language, ruler.is_private)
    for piece in pieces:
        face = fonts.face(piece.face, setting.px, setting.is_bold or is_bold)
        pen.text((x, y), piece.text, fill=255, font=face, anchor="ls")
        if piece is not pieces[-1]:
            x += float(face.getlength(piece.text))
