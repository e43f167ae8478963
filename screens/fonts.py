"""Where the letters come from: Debian's packages, by absolute path, listed here only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

REGULAR: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
BOLD: Final = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
JAPANESE_FACE: Final = 0
"""Noto Sans CJK's collection: 0 JP, 1 KR, 2 SC, 3 TC, 4 HK. One character has several shapes; Japan's is wanted."""

MOST_FACES: Final = 32
"""A face at one size holds about 3 MB; one text size of the screens uses 20."""

# Noto CJK's em box: an ideograph reaches from 0.12 em below the baseline to 0.88 above.
ASCENT: Final = 0.88
DESCENT: Final = 0.12


class FontMissingError(RuntimeError):
    """A font file is not there."""


def require() -> None:
    """Stop early and clearly when the letters are not installed."""
    for path in (REGULAR, BOLD):
        if not path.is_file():
            raise FontMissingError(f"{path} is missing: install the Debian package fonts-noto-cjk")


@lru_cache(maxsize=MOST_FACES)
def face(px: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    """The face at a size; opened once (a face of this font costs about 1 ms)."""
    return ImageFont.truetype(str(BOLD if is_bold else REGULAR), px, index=JAPANESE_FACE)
