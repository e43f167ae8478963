"""A payment code in a camera's picture: text out, never the picture. The one module that knows pyzbar."""

from __future__ import annotations

from typing import Final

from pyzbar import pyzbar

TEXT_MAX: Final = 512


def read(grey: bytes, width: int, height: int) -> str | None:
    """The text of the one code in the picture (QR, or the bar code beside it on a phone: CODE128); None for no code,
    for two that differ, and for one that is no payment code's length. `grey`: one byte a pixel, row by row."""
    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128]
    found = {each.data for each in pyzbar.decode((grey, width, height), symbols=symbols)}
    if len(found) != 1:
        return None
    data = found.pop()
    try:
        text: str = data.decode()
    except UnicodeDecodeError:
        return None
    return text if 0 < len(text) <= TEXT_MAX and text.isprintable() else None
