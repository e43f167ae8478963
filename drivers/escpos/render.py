"""Slips as dots: any script, at a size that an 85-year-old reads.

Pillow lays out through raqm (HarfBuzz, FriBidi). 203 dpi = 8 dots/mm. Size 1 is 32 dots: a kanji is
3.7 mm high, 18 of them fill 72 mm.
"""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk.errors import ConfigError
from kiosk.ports import Slip, SlipLine

WIDTH = 576
SIZES = {1: 32, 2: 44, 3: 64}
"""Dots per em of SlipLine.size."""

_LEADING = 1.3
_CLEAR = 3
"""White dots at least between the ink of two rows."""
_RULE_ROWS = 22
_RULE_DOTS = 3
_GAP = 16
"""Least space between a text and what stands flush right."""

_WHITE_FROM = 156
"""A dot stays white when at least so much of it (of 255) is uncovered: thin strokes come out whole."""

_CJK = "opentype/noto/NotoSansCJK-{weight}.ttc"
"""Face 0 of the collection is Japanese: 直 and 骨 in their Japanese shapes."""

_OTHERS = "truetype/noto/NotoSans{script}-{weight}.ttf"
_SCRIPTS = frozenset(
    "ARABIC ARMENIAN BENGALI DEVANAGARI ETHIOPIC GEORGIAN GUJARATI GURMUKHI HEBREW KANNADA KHMER LAO "
    "MALAYALAM MONGOLIAN MYANMAR ORIYA SINHALA TAMIL TELUGU THAANA THAI".split()
)
"""First words of Unicode names, and the names of Noto's families. Every other script is Noto Sans CJK's or
Noto Sans'."""

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_WIDE_LATIN_FROM = 0x0100
_RIGHTWARD = frozenset({"Arabic", "Hebrew", "Thaana"})

_NOT_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー）〕］｝〉》」』】’”ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.:;?!)]}%円通"
)
"""Kinsoku: what may not begin a line (JIS X 4051 §6.1), and our counters that belong to the number before."""

_POLITE = frozenset("おご")
_NOT_LAST = frozenset("（〔［｛〈《「『【‘“([{¥$")


class Painter:
    """Draws slips with the fonts under `folder` (Debian: fonts-noto-cjk, fonts-noto-core)."""

    def __init__(self, folder: Path = Path("/usr/share/fonts")) -> None:
        self._folder = folder
        self._font = lru_cache(maxsize=32)(self._open)

    def draw(self, slip: Slip) -> Image.Image:
        """The whole slip as a picture of one bit a dot, white paper, WIDTH wide."""
        rows = [row for line in slip.lines for row in self._rows(line)]
        image = Image.new("L", (WIDTH, max(1, sum(row.height for row in rows))), 255)
        canvas = ImageDraw.Draw(image)
        top = 0
        for row in rows:
            row.paint(canvas, top)
            top += row.height
        return image.point(lambda white: 0 if white < _WHITE_FROM else 255).convert(
            "1", dither=Image.Dither.NONE
        )

    def layout(self, slip: Slip) -> list[str]:
        """The rows in words, `---` for a rule: what stands where, without a dot."""
        return [row.said() for line in slip.lines for row in self._rows(line)]

    def wrap(self, line: SlipLine) -> list[str]:
        """The texts of the rows that this line takes."""
        return _wrap(line.text, self._setter(SIZES.get(line.size, SIZES[1]), line.is_bold))

    def width(self, line: SlipLine) -> int:
        """Dots that the text takes in one row."""
        return self._setter(SIZES.get(line.size, SIZES[1]), line.is_bold)(line.text).width

    def _rows(self, line: SlipLine) -> list[_Row]:
        if line.is_rule:
            return [_Row(())]
        set_text = self._setter(SIZES.get(line.size, SIZES[1]), line.is_bold)
        texts = self.wrap(line)
        if not line.right:
            return [_Row(((_place(line, set_text(each)), set_text(each)),)) for each in texts]
        right = set_text(line.right)
        rows = [_Row(((0, set_text(each)),)) for each in texts[:-1]]
        last = set_text(texts[-1])
        flush = (max(0, WIDTH - right.width), right)
        if last.width + _GAP + right.width <= WIDTH:
            return [*rows, _Row(((0, last), flush))]
        return [*rows, _Row(((0, last),)), _Row((flush,))]

    def _setter(self, size: int, is_bold: bool) -> _Setter:
        return _Setter(self, size, "Bold" if is_bold else "Regular")

    def set(self, text: str, size: int, weight: str) -> _Text:
        """The text as runs, each in a font that has it, in the order in which they stand on paper."""
        runs = [(self._font(script, weight, size), part) for script, part in _split(text)]
        first_strong = next((c for c in text if unicodedata.bidirectional(c) in ("L", *_RIGHT_TO_LEFT)), "")
        if unicodedata.bidirectional(first_strong or "a") in _RIGHT_TO_LEFT:
            runs.reverse()
        return _Text(tuple(runs), size)

    def _open(self, script: str, weight: str, size: int) -> ImageFont.FreeTypeFont:
        pattern = _CJK if script == "CJK" else _OTHERS
        path = self._folder / pattern.format(script=script, weight=weight)
        try:
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.RAQM)
        except OSError:
            raise ConfigError(f"receipt printer: no font {path}") from None


class _Text:
    """A text that is set: runs side by side on one baseline."""

    def __init__(self, runs: tuple[tuple[ImageFont.FreeTypeFont, str], ...], size: int) -> None:
        self.runs = runs
        self.text = "".join(part for _, part in runs)
        self.width = sum(round(font.getlength(part)) for font, part in runs)
        boxes = [font.getbbox(part, anchor="ls") for font, part in runs]
        self.above = max(size, *(math.ceil(-box[1]) for box in boxes), 0)
        """Dots above the baseline; `below` under it, with the white to the next row. Burmese hangs deep."""
        self.below = max(round(size * _LEADING) - size, *(math.ceil(box[3]) + _CLEAR for box in boxes), 0)

    def paint(self, canvas: ImageDraw.ImageDraw, left: int, baseline: int) -> None:
        for font, part in self.runs:
            canvas.text((left, baseline), part, font=font, fill=0, anchor="ls")
            left += round(font.getlength(part))


class _Setter:
    def __init__(self, painter: Painter, size: int, weight: str) -> None:
        self._painter, self._size, self._weight = painter, size, weight

    def __call__(self, text: str) -> _Text:
        return self._painter.set(text, self._size, self._weight)


class _Row:
    """One row of paper: texts at their places; none = a rule across."""

    def __init__(self, texts: tuple[tuple[int, _Text], ...]) -> None:
        self._texts = texts
        self._above = max((text.above for _, text in texts), default=0)
        below = max((text.below for _, text in texts), default=0)
        self.height = self._above + below if texts else _RULE_ROWS

    def said(self) -> str:
        """`left | right`, or `> centred <`."""
        texts = [text.text for left, text in self._texts]
        if len(texts) == 1 and texts[0] and self._texts[0][0] > 0:
            is_flush = self._texts[0][0] + self._texts[0][1].width == WIDTH
            return f"| {texts[0]}" if is_flush else f"> {texts[0]} <"
        return " | ".join(texts) if texts else "---"

    def paint(self, canvas: ImageDraw.ImageDraw, top: int) -> None:
        if not self._texts:
            middle = top + self.height // 2
            canvas.rectangle((0, middle - 1, WIDTH - 1, middle - 2 + _RULE_DOTS), fill=0)
        for left, text in self._texts:
            text.paint(canvas, left, top + self._above)


def _place(line: SlipLine, text: _Text) -> int:
    return max(0, (WIDTH - text.width) // 2) if line.is_centred else 0


def _split(text: str) -> list[tuple[str, str]]:
    """(script, part), where marks, spaces, digits and signs stay with what stands before them; but Noto's families
    for one script have no digits and no brackets: those are drawn with the Latin letters' font."""
    latin = "" if any(_is_latin(c) and ord(c) >= _WIDE_LATIN_FROM for c in text) else "CJK"
    runs: list[tuple[str, str]] = []
    for char in text:
        script = _script(char, latin)
        if script is None and "!" <= char <= "~" and runs and runs[-1][0] not in ("CJK", "", *_RIGHTWARD):
            script = latin
        if script is None or (runs and runs[-1][0] == script):
            script, part = runs.pop() if runs else ("CJK", "")
            runs.append((script, part + char))
        else:
            runs.append((script, char))
    return runs


def _script(char: str, latin: str) -> str | None:
    """The font family's script; None: whatever the neighbour has."""
    category = unicodedata.category(char)
    if category[0] in "MZC" or (category[0] in "NPS" and ord(char) < 0x80):
        return None
    word = unicodedata.name(char, "").partition(" ")[0]
    if word in _SCRIPTS:
        return word.title()
    return latin if word in ("LATIN", "GREEK", "CYRILLIC") else "CJK"


def _is_latin(char: str) -> bool:
    return unicodedata.name(char, "").startswith(("LATIN", "GREEK", "CYRILLIC"))


def _wrap(text: str, set_text: _Setter) -> list[str]:
    """Lines that fit, broken at spaces, or between ideographs by kinsoku. At least one line, maybe empty."""
    lines: list[str] = []
    while text and set_text(text).width > WIDTH:
        end = _fitting(text, set_text)
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text] if text or not lines else lines


def _fitting(text: str, set_text: _Setter) -> int:
    """How many characters fill one line, ended where a line may end; at least one."""
    low, high = 1, len(text)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if set_text(text[:middle]).width <= WIDTH else (low, middle - 1)
    for may_end, least in ((_begins_phrase, low // 2), (_may_break, 0)):
        for end in range(low, least, -1):
            if may_end(text, end):
                return end
    return low


def _begins_phrase(text: str, at: int) -> bool:
    """Does a Japanese phrase (or a spaced word) begin at `at`? It does where kana gives way to another
    script, and a polite お or ご belongs to the word that it honours. Easier to read than kinsoku alone, and
    needs no dictionary."""
    before, after = text[at - 1], text[at : at + 1]
    if not _may_break(text, at):
        return False
    if not after or " " in (before, after):
        return True
    if after in _POLITE:
        return _is_kana_or_stop(before) and _is_kanji(text[at + 1 : at + 2])
    return _is_kana_or_stop(before) and before not in _POLITE and not _is_kana_or_stop(after)


def _is_kana_or_stop(char: str) -> bool:
    return unicodedata.name(char, "").startswith("HIRAGANA") or char in "、。"


def _is_kanji(char: str) -> bool:
    return bool(char) and unicodedata.name(char, "").startswith("CJK UNIFIED")


def _may_break(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at : at + 1]
    if not after or after == " " or before == " ":
        return True
    if after in _NOT_FIRST or before in _NOT_LAST or unicodedata.combining(after):
        return False
    return _is_ideographic(before) or _is_ideographic(after)


def _is_ideographic(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
