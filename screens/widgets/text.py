"""Words on the screen: a text of the catalogue, or a value, in one of the text styles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from PIL import Image

from i18n import message as messages
from i18n.catalogue import Value
from i18n.message import EMPTY, Message, Run
from kiosk.money import Yen
from screens import typeset
from screens.theme import look, tokens
from screens.typeset import Block, Setting
from screens.widgets.base import Element, Rect

_CACHE_BYTES = 20 * 1024 * 1024


class Ink(NamedTuple):
    """A drawn text, no larger than its ink: what is empty would be blended all the same, pixel for pixel."""

    texture: Texture
    left: int
    """From the left of the block to the ink."""
    above: int
    """From the top of the block to the lower edge of the ink."""

    @property
    def bytes(self) -> int:
        return 2 * int(self.texture.width) * int(self.texture.height)


class _Cache:
    """Texts as they were drawn, by content and setting, bounded; the least used goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._inks: OrderedDict[tuple[Block, Setting], Ink] = OrderedDict()

    def get(self, block: Block, setting: Setting, is_private: bool) -> Ink | None:
        """None: there is nothing to see, as of a space."""
        key = (block, setting._replace(width=0.0))  # however wide its place is: the lines are broken already
        ink = self._inks.get(key)
        if ink is not None:
            self._inks.move_to_end(key)
            return ink
        ink = _draw_ink(block, setting, is_private)
        if ink is not None and not is_private:
            self._inks[key] = ink
            self._held += ink.bytes
            while self._held > self._most:
                _, oldest = self._inks.popitem(last=False)
                self._held -= oldest.bytes
        return ink


def _draw_ink(block: Block, setting: Setting, is_private: bool) -> Ink | None:
    mask = typeset.draw_mask(block, setting, is_private)
    box = mask.getbbox()
    if box is None:
        return None
    bleed = typeset.bleed_px(setting)
    return Ink(mask_texture(mask.crop(box)), box[0] - bleed, box[3] - bleed)


def mask_texture(mask: Image.Image) -> Texture:
    """White with the mask as alpha: the colour comes from the canvas, so one texture serves every state."""
    texture = Texture.create(size=mask.size, colorfmt="luminance_alpha")
    data = Image.merge("LA", (Image.new("L", mask.size, 255), mask)).tobytes()
    texture.blit_buffer(data, colorfmt="luminance_alpha", bufferfmt="ubyte")
    texture.mag_filter = texture.min_filter = (
        "nearest"  # shown pixel for pixel; a software renderer blends it faster
    )
    texture.flip_vertical()
    return texture


_cache = _Cache(_CACHE_BYTES)


class Reading:
    """A text of the catalogue with its values, read once for as long as neither they nor the language change."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._message = EMPTY

    def message(self, key: str, count: int | None, values: dict[str, Value]) -> Message:
        of = (look.words, key, count, values)
        if of != self._of:
            self._of, self._message = of, look.words.message(key, count, **values) if key else EMPTY
        return self._message


class Words(NamedTuple):
    """A message with the way to set it: what every widget with text in it is made of."""

    message: Message
    px: int
    style: str
    is_bold: bool
    align: str = "left"
    is_private: bool = False
    leading: float = 0.0
    """Line height in em; 0 = the style's own."""
    language: str = ""
    """Whose shapes the letters have; empty: the window's language."""

    def natural(self) -> int:
        return typeset.natural_width(self.message, self.px, self.is_bold, self._language, self.is_private)

    @property
    def _language(self) -> str:
        return self.language or look.words.language

    def is_cut(self, width: int) -> bool:
        """A line this wide would end inside a phrase."""
        return (
            typeset.widest_phrase(self.message, self.px, self.is_bold, self._language, self.is_private)
            > width + 1
        )

    def setting(self, width: int) -> Setting:
        leading = self.leading or tokens.TEXT[self.style].leading
        return Setting(self.px, leading, self.is_bold, float(width), self.align, self._language)

    def block(self, width: int) -> Block:
        return typeset.set_text(self.message, self.setting(width), self.is_private)

    def overhang(self, width: int) -> int:
        """How far ink reaches out of the block, on the right."""
        return typeset.overhang(self.message, self.setting(width), self.is_private)

    def make_ready(self, width: int) -> None:
        """Draw it for later."""
        if not self.message.is_empty:
            _cache.get(self.block(width), self.setting(width), self.is_private)

    def draw(self, x: int, y: int, width: int, colour: str) -> None:
        """Add to the open canvas, the block's top left at x, y."""
        if self.message.is_empty:
            return
        self.draw_block(self.block(width), x, y, colour)

    def draw_block(self, block: Block, x: int, y: int, colour: str) -> None:
        """As `draw`, the lines being known."""
        ink = _cache.get(block, self.setting(block.width), self.is_private)
        if ink is None:
            return
        Color(*look.colour(colour))
        Rectangle(
            texture=ink.texture,
            pos=(x + ink.left, look.height - y - ink.above),
            size=ink.texture.size,
        )


def words(message: Message, style: str, *, is_bold: bool | None = None, align: str = "left") -> Words:
    """At the person's text size."""
    bold = tokens.TEXT[style].is_bold if is_bold is None else is_bold
    return Words(message, look.em_px(style), style, bold, align)


class Text(Element):
    """`key`: the catalogue's text; `say` gives values, `write` shows a value that is no text of the catalogue."""

    role = "text"
    key = ""
    style = "body"
    colour = "ink"
    align = "left"
    is_bold: bool | None = None
    is_private = False
    language = ""
    """Whose words these are, where they are not the window's language."""
    fit = True
    """May be as narrow as its words; False: takes the width that it is given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._values: dict[str, Value] = {}
        self._count: int | None = None
        self._literal: Message | None = None
        self._reading = Reading()
        self._measured_of: tuple[object, ...] = ()
        self._measured: dict[object, Any] = {}
        """What was measured of these words: it lives as long as they do, private ones too."""

    def _once(self, what: object, measure: Callable[[Words], Any]) -> Any:
        words = self.words
        of = (words, look.words.language, look.factor, look.mm)  # letters that stay are set anew with these
        if of != self._measured_of:
            self._measured_of, self._measured = of, {}
        if what not in self._measured:
            self._measured[what] = measure(words)
        return self._measured[what]

    def block(self, width: int) -> Block:
        """Its words, set at this width."""
        block: Block = self._once(width, lambda words: words.block(width))
        return block

    def say(self, key: str, count: int | None = None, **values: Value) -> None:
        """Show a text of the catalogue."""
        if self.take_words(key, count, **values):
            self.changed()

    def take_words(self, key: str, count: int | None = None, **values: Value) -> bool:
        """As `say`, while it is being placed: nobody above is told. True if they are other words."""
        if (key, count, values, None) == (self.key, self._count, self._values, self._literal):
            return False
        self.key, self._count, self._values, self._literal = key, count, values, None
        self._is_stale = True
        return True

    def write(self, value: str | Message) -> None:
        """Show this, as it is, in every language."""
        literal = messages.plain(value) if isinstance(value, str) else value
        if literal != self._literal:
            self.key, self._count, self._values, self._literal = "", None, {}, literal
            self.changed()

    @property
    def is_fixed(self) -> bool:
        """A text of the catalogue with no value in it: the same for everybody."""
        return bool(self.key) and self._literal is None and self._count is None and not self._values

    @property
    def message(self) -> Message:
        if self._literal is not None:
            return self._literal
        return self._reading.message(self.key, self._count, self._values)

    @property
    def words(self) -> Words:
        return words(self.message, self.style, is_bold=self.is_bold, align=self.align)._replace(
            is_private=self.is_private, language=self.language
        )

    def natural_width(self, limit: int) -> int:
        if self.wide:
            return super().natural_width(limit)
        natural: int = self._once("natural", Words.natural)
        return natural if natural <= limit else min(limit, self.block(limit).width)

    def height_for(self, width: int) -> int:
        return 0 if self.message.is_empty else self.block(width).height

    def baseline(self, width: int) -> int:
        return self.block(width).baseline

    def is_cut(self) -> bool:
        return self.rect.width > 0 and self.words.is_cut(self.rect.width)

    def lines(self) -> list[str]:
        """What is to be read, line by line: for the layout tree."""
        return line_texts(self.block(self.rect.width))

    def ink_rect(self) -> Rect:
        """Where the words are: narrower than the place if they are short."""
        block = self.block(self.rect.width)
        return Rect(self._left(block), self.rect.y, block.width, block.height)

    def _left(self, block: Block) -> int:
        slack = self.rect.width - block.width
        return self.rect.x + {"center": slack // 2, "right": slack}.get(self.align, 0)

    def draw(self) -> None:
        if not self.message.is_empty:
            block = self.block(self.rect.width)
            self.words.draw_block(block, self._left(block), self.rect.y, self.colour)


class Figure(Text):
    """An amount or a number with its unit: the digits large, the rest at `unit` of their size, on one baseline."""

    style = "figure"
    unit = 0.5

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parts: tuple[str, str, str] = ("", "", "")
        self._amount: Yen | None = None
        self._template = ""

    @property
    def is_fixed(self) -> bool:
        return False

    def yen(self, amount: Yen) -> None:
        """Show an amount."""
        if amount != self._amount:
            self._amount = amount
            self.changed()

    def write_number(self, count: int) -> None:
        """Show a bare number."""
        self.number("number", count)

    def number(self, key: str, count: int) -> None:
        """Show a number in a text of the catalogue that has `{n}`."""
        if (key, count) != (self.key, self._count):
            self.key, self._count, self._amount = key, count, None
            self.changed()

    @property
    def parts_of_text(self) -> tuple[str, str, str]:
        if self._amount is not None:
            return look.words.yen_parts(self._amount)
        if not self.key:
            return "", "", ""
        before, _, after = look.words.template(self.key).partition("{n}")
        return before, str(self._count or 0), after

    @property
    def message(self) -> Message:
        return messages.plain("".join(self.parts_of_text))

    def _pieces(self) -> list[Words]:
        px = look.em_px(self.style)
        small = round(px * self.unit)
        before, digits, after = self.parts_of_text
        spec = ((before, small), (digits, px), (after, small))
        return [Words(Message((((Run(text),),),)), size, self.style, True) for text, size in spec if text]

    def natural_width(self, limit: int) -> int:
        pieces = self._pieces()
        return min(limit, sum(piece.natural() for piece in pieces) + self._air * max(0, len(pieces) - 1))

    @property
    def _air(self) -> int:
        return round(look.em_px(self.style) * 0.05)

    def height_for(self, width: int) -> int:
        return round(look.em_px(self.style) * tokens.TEXT[self.style].leading)

    def baseline(self, width: int) -> int:
        return max((piece.block(9999).baseline for piece in self._pieces()), default=0)

    def is_cut(self) -> bool:
        return self.rect.width > 0 and self.natural_width(9999) > self.rect.width + 1

    def lines(self) -> list[str]:
        return ["".join(self.parts_of_text)]

    def ink_rect(self) -> Rect:
        width = self.natural_width(9999)
        slack = self.rect.width - width
        x = self.rect.x + {"center": slack // 2, "right": slack}.get(self.align, 0)
        return Rect(x, self.rect.y, width, self.height_for(width))

    def draw(self) -> None:
        x = self.ink_rect().x
        line = self.rect.y + self.baseline(0)
        for piece in self._pieces():
            block = piece.block(9999)
            piece.draw(x, line - block.baseline, 9999, self.colour)
            x += piece.natural() + self._air


def line_texts(block: Block) -> list[str]:
    return ["".join(run.text for run in line.runs) for line in block.lines]
