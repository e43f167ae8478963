"""A phone with a code on its display, as a camera would see it. The one module of the drivers that knows qrcode."""

from __future__ import annotations

import qrcode
from PIL import Image

_WALL = 128
_CODE = 220


def held_up(text: str, size: tuple[int, int]) -> Image.Image:
    """A grey picture of that size with the phone in its middle."""
    made = qrcode.QRCode(border=4)
    made.add_data(text)
    made.make()
    code = made.make_image().convert("L").resize((_CODE, _CODE))
    scene = Image.new("L", size, _WALL)
    left, top = (size[0] - _CODE) // 2, (size[1] - _CODE) // 2
    scene.paste(Image.new("L", (_CODE + 40, size[1] - 40), 255), (left - 20, 20))
    scene.paste(code, (left, top))
    return scene
