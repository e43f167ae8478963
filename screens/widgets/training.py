"""The mark of a training machine: a striped band at the upper edge and large words across the screen, over everything.

It takes no room of any screen (the band lies in the margin above the first line) and no touch. The text is Japanese and
English in every language: staff and anybody who walks by must see what this is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw

from screens import fonts
from screens.theme import look

BAND_MM = 7.6
"""The margin above the first line of every screen is 8 mm."""
_TEXT = 0.78
_INK, _GROUND = (0, 0, 0, 255), (255, 213, 0, 255)
_ACROSS_INK = (206, 0, 0, 46)
_TIMES = 3


def draw(canvas: Any, is_on: bool) -> None:
    """Into a canvas that lies over everything."""
    canvas.clear()
    if not is_on:
        return
    band = _texture(*_band(look.words.text("training.band"), look.width, look.px(BAND_MM)))
    words = _texture(*_across(look.words.text("training.across"), look.width))
    with canvas:
        Color(1, 1, 1, 1)
        for each in range(_TIMES):
            middle = look.height * (2 * each + 1) / (2 * _TIMES)
            Rectangle(
                texture=words,
                pos=((look.width - words.width) / 2, middle - words.height / 2),
                size=words.size,
            )
        Rectangle(texture=band, pos=(0, look.height - band.height), size=band.size)


def _texture(data: bytes, width: int, height: int) -> Texture:
    texture = Texture.create(size=(width, height), colorfmt="rgba")
    texture.blit_buffer(data, colorfmt="rgba", bufferfmt="ubyte")
    texture.flip_vertical()
    return texture


@lru_cache(maxsize=4)
def _band(said: str, width: int, height: int) -> tuple[bytes, int, int]:
    image = Image.new("RGBA", (width, height), _GROUND)
    pen = ImageDraw.Draw(image)
    for left in range(-height, width, 2 * height):
        pen.polygon(
            [(left, height), (left + height, height), (left + 2 * height, 0), (left + height, 0)], _INK
        )
    face = fonts.face("jp", max(8, round(height * _TEXT)), True)
    wide = pen.textlength(said, face)
    middle = (width - wide) / 2
    pen.rectangle((middle - height, 0, middle + wide + height, height), _GROUND)
    pen.text((width / 2, height / 2), said, _INK, face, anchor="mm")
    return image.tobytes(), width, height


@lru_cache(maxsize=4)
def _across(said: str, width: int) -> tuple[bytes, int, int]:
    """One line of words, from the lower left to the upper right, as wide as the screen."""
    face = fonts.face("jp", round(width / 8), True)
    long, high = round(face.getlength(said)), round(width / 6)
    line = Image.new("RGBA", (long, high), (206, 0, 0, 0))
    ImageDraw.Draw(line).text((long / 2, high / 2), said, _ACROSS_INK, face, anchor="mm")
    turned = line.rotate(18, Image.Resampling.BICUBIC, expand=True)
    return turned.tobytes(), turned.width, turned.height
