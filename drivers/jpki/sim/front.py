"""The printed front of a virtual card, for a camera: what a person shows, drawn, of nobody who exists.

The order of things follows what is published of the card's face: name and address above; birth date, sex, last day
beside the photo; under the photo the card's own number of sixteen characters and the セキュリティコード. Sizes and
letters are ours: no real card was measured.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from drivers.jpki.sim.persons import Person

DOTS_A_MM: Final = 12
SIZE: Final = (round(85.6 * DOTS_A_MM), round(53.98 * DOTS_A_MM))
FONTS: Final = ("BIZUDGothic-Regular.ttf", "NotoSansCJK-Regular.ttc", "ipamjm.ttf")
_ERAS: Final = (
    (date(2019, 5, 1), 2019, "令和"),
    (date(1989, 1, 8), 1989, "平成"),
    (date(1926, 12, 25), 1926, "昭和"),
    (date(1912, 7, 30), 1912, "大正"),
    (date(1868, 1, 25), 1868, "明治"),
)


def front(person: Person, expiry: str, font: str = "", portrait: Image.Image | None = None) -> Image.Image:
    """`expiry`: YYYYMMDD. `font`: a file's name, else the first of FONTS that is there."""
    card = Image.new("RGB", SIZE, (236, 242, 240))
    draw = ImageDraw.Draw(card)
    _pattern(draw)
    last = date(int(expiry[:4]), int(expiry[4:6]), int(expiry[6:]))
    sex = {"1": "男", "2": "女"}.get(person.sex, "")
    if portrait is None:
        draw.rectangle(_box(4, 18, 25, 46), fill=(196, 204, 208))
        draw.ellipse(_box(9, 22, 20, 35), fill=(150, 140, 132))
        draw.chord(_box(5.5, 36, 23.5, 56), 180, 360, fill=(92, 98, 110))
    else:
        card.paste(portrait.convert("RGB").resize((21 * DOTS_A_MM, 28 * DOTS_A_MM)), _box(4, 18, 25, 46)[:2])
    _write(draw, (4, 4), f"氏名　{person.text_name}", 3.2, font)
    _write(draw, (4, 10), f"住所　{person.address}", 2.6, font)
    _write(draw, (29, 19), f"{_birth(person)}生", 2.9, font)
    _write(draw, (66, 19), f"性別　{sex}", 2.6, font)
    _write(draw, (29, 25.5), f"{last.year}年{last.month:2}月{last.day:2}日まで有効", 2.9, font)
    _write(draw, (29, 32), "電子証明書の有効期限　　　　年　　月　　日", 2.1, font)
    _write(draw, (62, 45), "例示県例示市長", 2.6, font)
    _write(draw, (4, 47.5), f"{_card_number(person)}", 1.9, font)
    _write(draw, (25, 47.5), person.security_code, 2.1, font)
    return card


def _birth(person: Person) -> str:
    """As printed: of the era, of the Common Era for foreign residents; the first year of an era is 元."""
    day = person.birth
    if person.is_foreign:
        return f"{day.year}年{day.month:2}月{day.day:2}日"
    first, name = next((first, name) for begin, first, name in _ERAS if day >= begin)
    year = day.year - first + 1
    return f"{name}{'元' if year == 1 else f'{year:2}'}年{day.month:2}月{day.day:2}日"


def _card_number(person: Person) -> str:
    return f"99{person.number[::-1]}00"[:16].ljust(16, "0")


def _box(*millimetres: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(each * DOTS_A_MM) for each in millimetres)
    return left, top, right, bottom


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, high_mm: float, font: str
) -> None:
    draw.text(
        (place[0] * DOTS_A_MM, place[1] * DOTS_A_MM),
        text,
        fill=(28, 28, 32),
        font=_font(font, round(high_mm * DOTS_A_MM)),
    )


def _font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for each in (name,) if name else FONTS:
        try:
            return ImageFont.truetype(each, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _pattern(draw: ImageDraw.ImageDraw) -> None:
    """Fine lines under the print, as such cards have them."""
    for at in range(-SIZE[1], SIZE[0], 14):
        draw.line((at, 0, at + SIZE[1], SIZE[1]), fill=(222, 233, 231), width=2)
        draw.line((at + SIZE[1], 0, at, SIZE[1]), fill=(230, 228, 236), width=1)
