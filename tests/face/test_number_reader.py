"""照合番号B off a drawn card: from several sides, in bad light, in a face that the network never saw; never wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

pytest.importorskip("dlib", reason="the extra `vision` is not installed")

import numpy as np
from PIL import Image

from drivers.face.card_print import Seen, number_of, seen_in
from drivers.face.glyphs import OTHER, Glyph
from drivers.face.lettering import Letter
from drivers.face.number_reader import AGREE, GONE, NumberReader
from drivers.face.recogniser import blobs
from drivers.face.sim_held import Hold, held
from drivers.face.watcher import grey_of
from drivers.jpki.sim.front import front
from drivers.jpki.sim.persons import PERSONS, Person
from kiosk.ports import CardHintCode
from tests.face import kit

YEAR = 2031
"""Of the reader's clock: no test here knows today's."""
HANAKO, MARIA = PERSONS["hanako"], PERSONS["maria"]
GANNEN = replace(HANAKO, birth=dt.date(2019, 6, 2), security_code="4087")
FRAMES = 8


def reader() -> NumberReader:
    return NumberReader(blobs, lambda: YEAR)


def card(person: Person = HANAKO, expiry: str = "20360303") -> Image.Image:
    return front(person, expiry)


def show(to: NumberReader, picture: Image.Image, hold: Hold, frames: int = FRAMES) -> bytearray | None:
    """A hand that is never quite still, until the number is known."""
    for at in range(frames):
        away = at - 2
        moved = replace(
            hold, turned=hold.turned + 0.4 * away, middle=(0.5 + 0.004 * away, 0.5 - 0.003 * away), seed=at
        )
        to.see(grey_of(held(picture, moved)))
        if (number := to.take()) is not None:
            return number
    return None


@pytest.mark.parametrize(
    ("person", "hold"),
    [
        (HANAKO, Hold(turned=6, tilt=0.06, lean=0.04)),
        (MARIA, Hold(wide=0.6)),
        (GANNEN, Hold(turned=-3, light=(1.15, 0.55))),
        (HANAKO, Hold(light=(0.4, 0.35), noise=4)),
    ],
    ids=["slanted", "far-foreign", "first-year-shadow", "dark"],
)
def test_what_is_printed_is_read(person: Person, hold: Hold) -> None:
    number = show(reader(), card(person), hold)
    assert number is not None and number.decode() == f"{person.birth_digits}2036{person.security_code}"


def test_one_picture_is_never_enough_and_taken_is_forgotten() -> None:
    by = reader()
    grey = grey_of(held(card(), Hold(turned=2, tilt=0.02)))
    for at in range(AGREE):
        assert by.take() is None, at
        assert by.see(grey) is CardHintCode.HOLD_STILL
    assert by.take() is not None
    assert by.take() is None


def test_two_cards_are_not_mixed_into_one_number() -> None:
    """The birth of one and the code of the other would cost somebody a try."""
    by = reader()
    one, other = (grey_of(held(card(each), Hold(turned=2, tilt=0.02))) for each in (HANAKO, MARIA))
    for _ in range(AGREE):
        by.see(one)
        by.see(other)
        assert by.take() is None
    for _ in range(GONE):
        assert (
            by.see(grey_of(kit.pixels(Image.new("RGB", (1280, 960), (90, 90, 90))))) is CardHintCode.NO_CARD
        )
    for _ in range(AGREE):
        by.see(other)
    number = by.take()
    assert number is not None and number.decode().startswith(MARIA.birth_digits)


@pytest.mark.parametrize(
    ("picture", "hint"),
    [
        (held(card(expiry="20290303"), Hold()), None),  # ended before the reader's year
        (held(card(), Hold(wide=0.25)), CardHintCode.COME_CLOSER),
        (kit.pixels(kit.in_front().resize((1280, 960))), CardHintCode.NO_CARD),
    ],
    ids=["past", "far-away", "a-face"],
)
def test_what_is_no_card_to_read_gives_no_number(picture: object, hint: CardHintCode | None) -> None:
    by = reader()
    got = {by.see(grey_of(picture)) for _ in range(AGREE)}  # type: ignore[arg-type]
    assert by.take() is None
    assert hint is None or got == {hint}


# --- the rules of what is printed, without a picture ------------------------------------------------------------------


def line(text: str, unsure: str = "") -> list[Letter]:
    """Letters half as wide as high; a space is a gap. `unsure`: characters that may be another one."""
    letters, at = [], 0.0
    for each in text:
        wide = 0.5 if each.isdigit() else 1.0
        if each != " ":
            glyph = Glyph(
                each if each in "0123456789年月日元" else OTHER, 0.9, 0.2 if each in unsure else 0.0
            )
            letters.append(Letter(glyph, at, at + wide, 0.8 if each.isdigit() else 1.0))
        at += wide + 0.08
    return letters


EXPIRY, CODE, BIRTH = "2036年 3月 3日まで有効", "1001", "昭和16年 3月 3日生"


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ((BIRTH, EXPIRY, CODE), "16030320361001"),
        (("令和元年12月31日生", EXPIRY, CODE), "01123120361001"),
        (("1990年 1月15日生", EXPIRY, CODE), "90011520361001"),
        ((BIRTH, EXPIRY, "9981030000000000   1001"), "16030320361001"),
        ((BIRTH, EXPIRY, CODE, "有効期限 2033年 3月 3日"), "16030320361001"),  # a certificate's: the card's is later
        ((BIRTH, EXPIRY), None),
        ((EXPIRY, CODE), None),
        ((BIRTH, CODE), None),
        ((BIRTH, EXPIRY, CODE, "7777"), None),
        ((BIRTH, "昭和40年 1月 1日", EXPIRY, CODE), None),
        (("昭和16年13月 3日生", EXPIRY, CODE), None),
        (("昭和16年 2月30日生", EXPIRY, CODE), None),
        ((BIRTH, EXPIRY, "中央1001番地"), None),
        ((BIRTH, EXPIRY, "99 1001号"), None),
        ((BIRTH, "2036年 3月まで", CODE), None),
    ],
)  # fmt: skip
def test_birth_expiry_and_code_or_nothing(lines: tuple[str, ...], number: str | None) -> None:
    found = number_of(seen_in([line(each) for each in lines], YEAR))
    assert (found.decode() if found is not None else None) == number


def test_a_digit_that_may_be_another_is_no_digit() -> None:
    assert seen_in([line(BIRTH), line(EXPIRY), line("1081", unsure="8")], YEAR).code is None
    assert number_of(Seen()) is None


def test_no_picture_stops_the_reader_or_makes_a_number() -> None:
    """Flat, noise, blocks, stripes, a scrap of any shape: what a camera may be shown."""
    by, random = reader(), np.random.default_rng(3)
    pictures = [np.full((480, 640), value, dtype=np.uint8) for value in (0, 128, 255)]
    pictures += [
        random.integers(0, 256, shape, dtype=np.uint8) for shape in ((1, 1), (2, 3), (64, 640), (480, 64))
    ]
    for side in (4, 8, 16):
        blocks = random.integers(0, 2, (480 // side, 640 // side), dtype=np.uint8)
        pictures.append(np.kron(blocks * 200 + 20, np.ones((side, side), dtype=np.uint8)).astype(np.uint8))
    pictures.append(np.tile((np.arange(640) // 10 % 2 * 200 + 20).astype(np.uint8), (480, 1)))
    for picture in pictures:
        for _ in range(AGREE):
            by.see(picture)
        assert by.take() is None
