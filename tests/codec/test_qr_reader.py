"""Codes in pictures: straight, turned, tilted, dim, blurred; none, two, and not a payment's."""

from __future__ import annotations

from PIL import Image, ImageEnhance, ImageFilter

from drivers.qr.reader import read
from drivers.qr.sim.phone import held_up

CODE = "281012345678901234"


def phone(text: str = CODE) -> Image.Image:
    return held_up(text, (640, 480))


def seen(picture: Image.Image) -> str | None:
    return read(picture.tobytes(), *picture.size)


def test_a_code_held_straight_turned_dim_and_out_of_focus() -> None:
    assert seen(phone()) == CODE
    for angle in (15, 45, 90, 180):
        assert seen(phone().rotate(angle, fillcolor=128)) == CODE, angle
    assert seen(ImageEnhance.Brightness(phone()).enhance(0.35)) == CODE
    assert seen(phone().filter(ImageFilter.GaussianBlur(1.5))) == CODE
    tilted = phone().transform(
        (640, 480), Image.Transform.QUAD, (30, 0, 0, 480, 640, 440, 600, 30), Image.Resampling.BILINEAR
    )
    assert seen(tilted) == CODE


def test_no_code_and_two_of_them_are_none() -> None:
    assert seen(Image.new("L", (640, 480), 128)) is None
    two = Image.new("L", (1280, 480))
    two.paste(phone(), (0, 0))
    two.paste(phone("281099999999999999"), (640, 0))
    assert seen(two) is None


def test_what_is_no_text_of_a_payment_is_none() -> None:
    assert seen(phone("a\nb")) is None
    assert seen(phone("x" * 600).resize((1920, 1440))) is None
