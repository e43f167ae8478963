"""A paper of the treasury as a PDF of A4 pages: its fixed-width text, drawn with the appliance's own font.

Pillow is there for the screens; a typesetter is not (the server has one), and a page of text needs none. The page is a
picture: nobody searches a form that is stamped and filed.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk.errors import ConfigError
from kiosk.treasury.paper import SPECIMEN_LINE, WIDTH

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
MONO_JP = 5
"""Of the collection's faces: Noto Sans Mono CJK JP; a full-width letter is two columns."""
DPI = 200
A4_MM = (210, 297)
MARGIN_MM = 15


def pdf_of(text: str) -> bytes:
    """ConfigError: the font is not installed (Debian's fonts-noto-cjk)."""
    wide, high = (round(each * DPI / 25.4) for each in A4_MM)
    margin = round(MARGIN_MM * DPI / 25.4)
    em = (wide - 2 * margin) * 2 // WIDTH
    try:
        font = ImageFont.truetype(str(FONT), em, index=MONO_JP)
    except OSError:
        raise ConfigError(f"{FONT}: cannot be read; apt install fonts-noto-cjk") from None
    leading = round(em * 1.4)
    lines = text.splitlines()
    mark = lines[:1] if lines[:1] == [SPECIMEN_LINE] else []
    count = max(1, (high - 2 * margin) // leading - len(mark))
    pages = []
    for first in range(0, max(1, len(lines)), count):
        page = Image.new("1", (wide, high), 1)
        pen = ImageDraw.Draw(page)
        for number, line in enumerate((mark if first else []) + lines[first : first + count]):
            pen.text((margin, margin + number * leading), line, font=font, fill=0)
        pages.append(page)
    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()
