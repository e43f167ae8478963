"""A payment code in a camera's picture: text out, never the picture. The one module that knows pyzbar."""

from __future__ import annotations

import ctypes.util
from typing import Any, Final

from kiosk.errors import DeviceUnavailable

TEXT_MAX: Final = 512
_LIBRARY: Final = "libzbar.so.0"


def _pyzbar() -> Any:
    """pyzbar looks for its library by running ldconfig; the process that reads codes may run nothing."""
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: _LIBRARY if name == "zbar" else search(name)
    try:
        from pyzbar import pyzbar  # noqa: PLC0415  # only where codes are read
    except (ImportError, OSError):
        raise DeviceUnavailable("qr: no libzbar0") from None
    finally:
        ctypes.util.find_library = search
    return pyzbar


def read(grey: bytes, width: int, height: int) -> str | None:
    """The text of the one code in the picture (QR, or the bar code beside it on a phone: CODE128); None for no code,
    for two that differ, and for one that is no payment code's length. `grey`: one byte a pixel, row by row.

    DeviceUnavailable: this machine cannot read codes."""
    pyzbar = _pyzbar()
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


def find(grey: bytes, width: int, height: int, text: str) -> tuple[str, tuple[int, int, int, int]] | None:
    """Where the QR code with this text is: which of its sides is up (`UP`, `RIGHT`, `DOWN`, `LEFT`; a mirrored one says
    `UP` too), and left, top, right, bottom in pixels. DeviceUnavailable as above."""
    pyzbar = _pyzbar()
    for each in pyzbar.decode((grey, width, height), symbols=[pyzbar.ZBarSymbol.QRCODE]):
        if each.data == text.encode():
            left, top, wide, high = each.rect
            return each.orientation or "UP", (left, top, left + wide, top + high)
    return None
