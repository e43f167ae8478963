"""The small papers: what stands on them, and how they lie on 72 mm of paper."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageFont

from drivers.escpos.render import WIDTH, Painter
from i18n.catalogue import languages, load
from kiosk.money import Yen
from kiosk.ports import Slip, SlipLine
from kiosk.slips import (
    Doubt,
    FeeLine,
    Heading,
    Issuer,
    Languages,
    Paid,
    fault,
    incomplete,
    japanese_time,
    owed,
    receipt,
    statement,
    tax_in,
    void,
    voided,
    yen,
)

JA = Languages(load("ja").template)
EN = Languages(load("ja").template, load("en").template)
HEADING = Heading(
    issuer=Issuer(town="例示市", place="市民課", machine="本庁舎1号機"),
    number="0042",
    at=datetime(2026, 11, 21, 5, 5, tzinfo=UTC),
)
FEES = (FeeLine("juminhyo", Yen(200), 2), FeeLine("inkan_shomei", Yen(200), 1))
PAID = Paid("楽天Edy", Yen(600), "00042")
DOUBT = Doubt("楽天Edy", Yen(600), Yen(900), "touch_again", "00042")
TAXED_HEADING = replace(HEADING, issuer=replace(HEADING.issuer, invoice="T1234567890123"))
TAXED = (
    FeeLine("juminhyo", Yen(200), 1),
    FeeLine("inkan_shomei", Yen(105), 3, 10),
    FeeLine("kisai_jiko", Yen(108), 1, 8),
)
EVERY: dict[str, Callable[[Languages], Slip]] = {
    "receipt": lambda say: receipt(say, HEADING, FEES, Yen(1000), Yen(100)),
    "owed": lambda say: owed(say, HEADING, Yen(600), "shortage", "M-403"),
    "fault": lambda say: fault(say, HEADING, "X-606"),
    "statement": lambda say: statement(say, HEADING, FEES, PAID),
    "taxed": lambda say: receipt(say, TAXED_HEADING, TAXED, Yen(1000)),
    "voided": lambda say: voided(say, HEADING, Yen(600), "WAON"),
    "incomplete": lambda say: incomplete(say, HEADING, DOUBT, "M-411"),
    "void": lambda say: void(say, HEADING, (("juminhyo", "AB12-3456"),), Yen(200), "R-502"),
}


def pairs(slip: Slip) -> dict[str, str]:
    return {line.text: line.right for line in slip.lines if line.right}


def words(slip: Slip) -> list[str]:
    return [line.text for line in slip.lines if line.text]


def test_a_receipt_says_all_that_a_receipt_must() -> None:
    """Number, issuer, date, what for, how many, how much, received, change, tax."""
    slip = receipt(JA, HEADING, FEES, Yen(1000))
    assert words(slip)[:3] == ["領収書", "例示市", "市民課"]
    assert "令和8年11月21日 14時05分" in words(slip)
    assert ["住民票の写し", "印鑑登録証明書"] == [
        each for each in words(slip) if each in ("住民票の写し", "印鑑登録証明書")
    ]
    assert pairs(slip) == {
        "番号": "0042",
        "¥200 × 2通": "¥400",
        "¥200 × 1通": "¥200",
        "合計": "¥600",
        "お預り": "¥1,000",
        "お釣り": "¥400",
    }
    assert any("領収しました" in each for each in words(slip))
    assert any("非課税" in each for each in words(slip))
    assert words(slip)[-1] == "本庁舎1号機"


def test_a_statement_is_never_called_a_receipt_and_says_how_it_was_paid() -> None:
    slip = statement(JA, HEADING, FEES, PAID)
    assert words(slip)[0] == "利用明細"
    assert all("領収書" not in each for each in words(slip))
    assert any("領収証書ではありません" in each for each in words(slip))
    assert pairs(slip)["お支払い方法"] == "楽天Edy"
    assert (pairs(slip)["お支払い"], pairs(slip)["端末の番号"]) == ("¥600", "00042")


def test_what_is_taxed_says_rate_tax_and_the_issuers_number() -> None:
    """The tax is rounded down once a rate: 10 % of ¥315 is ¥28, not three times ¥9."""
    slip = receipt(JA, TAXED_HEADING, TAXED, Yen(1000))
    assert pairs(slip)["10%対象"] == "¥315"
    assert pairs(slip)["8%対象"] == "¥108"
    assert pairs(slip)["非課税"] == "¥200"
    assert [line.right for line in slip.lines if line.text == "うち消費税"] == ["¥8", "¥28"]
    assert pairs(slip)["登録番号"] == "T1234567890123"
    assert "¥108 × 1通 8%※" in words(slip)
    assert not any("非課税です" in each for each in words(slip))


@given(st.integers(0, 10**7), st.sampled_from([8, 10]))
def test_the_tax_in_an_amount_is_whole_and_never_too_much(amount: int, percent: int) -> None:
    tax = tax_in(Yen(amount), percent).value
    assert 0 <= tax * (100 + percent) <= amount * percent < (tax + 1) * (100 + percent)


def test_what_the_brand_needs_stands_on_the_paper_for_a_doubt() -> None:
    slip = incomplete(JA, HEADING, DOUBT, "M-411")
    assert pairs(slip)["タッチ前の残高"] == "¥900"
    assert pairs(slip)["確認中の金額"] == "¥600"
    assert any("もう一度払わないで" in each for each in words(slip))
    assert "タッチ前の残高" not in pairs(incomplete(JA, HEADING, replace(DOUBT, balance=None), "M-411"))


def test_change_that_was_not_paid_out_is_said_on_the_receipt() -> None:
    assert pairs(receipt(JA, HEADING, FEES, Yen(1000), Yen(100)))["うち窓口でお返しする分"] == "¥100"


@pytest.mark.parametrize("reason", ["shortage", "unknown", "restart", "something-new"])
def test_a_slip_for_money_says_how_much_where_and_leaves_room_for_staff(reason: str) -> None:
    slip = owed(JA, HEADING, Yen(600), reason, "M-403")
    huge = [line.text for line in slip.lines if line.size == 3]
    assert huge == ["お預かり票", "¥600"]
    assert any("市民課の窓口" in each for each in words(slip))
    assert ["返金日", "担当者", "受領者"] == [line.text for line in slip.lines if "＿" in line.right]
    assert pairs(slip)["本庁舎1号機"] == "M-403"


@pytest.mark.parametrize("name", sorted(EVERY))
def test_japanese_stands_on_every_slip_and_another_language_beside_it(name: str) -> None:
    japanese, both = words(EVERY[name](JA)), words(EVERY[name](EN))
    assert len(both) > len(japanese)
    for each in japanese:
        assert any(line == each or line.startswith(each + "  ") for line in both)


@pytest.mark.parametrize("name", sorted(EVERY))
@pytest.mark.parametrize("say", [JA, EN])
def test_no_text_is_missing_and_no_field_is_left_open(name: str, say: Languages) -> None:
    for line in EVERY[name](say).lines:
        assert not line.text.startswith(("slip.", "kind."))
        assert "{" not in line.text + line.right


@given(st.integers(-(10**9), 10**9))
def test_amounts_read_back(amount: int) -> None:
    assert int(yen(Yen(amount)).replace("¥", "").replace(",", "")) == amount


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2019, 4, 30, 14, 59, tzinfo=UTC), "平成31年4月30日 23時59分"),
        (datetime(2019, 4, 30, 15, 0, tzinfo=UTC), "令和元年5月1日 0時00分"),
        (datetime(2026, 12, 31, 20, 7, tzinfo=timezone(timedelta(hours=-5))), "令和9年1月1日 10時07分"),
    ],
)
def test_dates_are_japans_and_in_its_era(at: datetime, said: str) -> None:
    assert japanese_time(at) == said


# --- on paper: by layout, never by pixels (fonts are improved from time to time) ----------------------------

PAINTER = Painter()


def draw(*lines: SlipLine) -> Image.Image:
    return PAINTER.draw(Slip(kind="test", lines=lines))


def box(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is black."""
    found = picture.convert("L").point(lambda white: 255 - white).getbbox()
    assert found is not None
    return found


def bands(picture: Image.Image) -> int:
    """Rows of text (or rules), white paper between."""
    rows = [
        picture.crop((0, row, WIDTH, row + 1)).convert("L").getextrema()[0] == 0
        for row in range(picture.height)
    ]
    return sum(1 for before, now in zip([False, *rows], rows, strict=False) if now and not before)


def test_a_kanji_is_at_least_three_and_a_half_millimetres_high() -> None:
    _, top, _, bottom = box(draw(SlipLine(text="国証書票")))
    assert (bottom - top) / 8 >= 3.5 - 0.1


def test_larger_is_larger_and_bold_is_blacker() -> None:
    heights = [box(draw(SlipLine(text="合計", size=size)))[3] for size in (1, 2, 3)]
    assert heights == sorted(set(heights))
    ink = [
        sum(draw(SlipLine(text="合計", is_bold=bold)).convert("L").histogram()[:128])
        for bold in (False, True)
    ]
    assert ink[1] > 1.2 * ink[0]


def test_left_right_and_centre_are_where_they_should_be() -> None:
    left, _, right, _ = box(draw(SlipLine(text="合計", right="¥600")))
    assert left <= 6
    assert right >= WIDTH - 6
    left, _, right, _ = box(draw(SlipLine(text="領収書", is_centred=True)))
    assert abs(left - (WIDTH - right)) <= 6


def test_a_rule_goes_across() -> None:
    left, _, right, _ = box(draw(SlipLine(is_rule=True)))
    assert (left, right) == (0, WIDTH)


@given(st.text(st.sampled_from("この紙を市民課の窓口にお持ちください。、（）ABC 123¥ー"), max_size=90))
def test_a_long_text_wraps_and_loses_nothing(text: str) -> None:
    rows = PAINTER.wrap(SlipLine(text=text))
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    for row in rows:
        assert PAINTER.width(SlipLine(text=row)) <= WIDTH
    for row in rows[1:]:
        assert row == "" or row[0] not in "。、）ー" or len(row) < len(text)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("この紙を市民課の窓口にお持ちください。", ["この紙を市民課の窓口に", "お持ちください。"]),
        (
            "お釣りが足りず、この機械ではお返しできませんでした。",
            ["お釣りが足りず、この機械では", "お返しできませんでした。"],
        ),
        (
            "Please take this paper to the counter of the city hall.",
            ["Please take this paper to the counter", "of the city hall."],
        ),
        ("あ" * 18 + "。", ["あ" * 17, "あ。"]),
    ],
)  # fmt: skip
def test_lines_end_where_a_reader_would_pause(text: str, rows: list[str]) -> None:
    assert PAINTER.wrap(SlipLine(text=text)) == rows


def test_an_amount_that_does_not_fit_beside_goes_below() -> None:
    beside = draw(SlipLine(text="合計", right="¥600"))
    below = draw(SlipLine(text="あ" * 16, right="¥1,000,000"))
    assert bands(beside) == 1
    assert bands(below) == 2


@pytest.mark.parametrize(
    "text",
    "日本語|English|简体中文|한국어|Tiếng Việt|नेपाली|မြန်မာ|ไทย|ភាសាខ្មែរ|العربية 123|Монгол|සිංහල".split("|"),
)
def test_every_script_is_drawn_by_a_font_that_has_it(text: str) -> None:
    """A missing glyph is a box: the same box for every letter. Two different letters must look different."""
    assert box(draw(SlipLine(text=text)))[2] > 20
    letters = [each for each in dict.fromkeys(text) if each.isalpha()][:6]
    pictures = {draw(SlipLine(text=each)).tobytes() for each in letters}
    assert len(pictures) == len(letters)


GOLDEN = Path(__file__).parent / "slips.golden.txt"
"""What was looked at by eye. After a change that is meant: `python -m tests.codec.test_slips` writes it
anew."""


def rows_of_every_slip() -> str:
    said = []
    for name in sorted(EVERY):
        for language, say in (("ja", JA), ("en", EN)):
            said += [f"== {name} {language}", *PAINTER.layout(EVERY[name](say)), ""]
    return "\n".join(said)


def test_the_slips_lie_as_they_did_when_they_were_looked_at() -> None:
    assert rows_of_every_slip() == GOLDEN.read_text()


@pytest.mark.parametrize("name", sorted(EVERY))
@pytest.mark.parametrize("say", [JA, EN])
def test_each_slip_fills_the_width_and_is_short_enough_to_be_read(name: str, say: Languages) -> None:
    picture = PAINTER.draw(EVERY[name](say))
    left, _, right, _ = box(picture)
    assert (left, right) == (0, WIDTH)
    assert picture.height / 8 <= 205  # millimetres


if __name__ == "__main__":
    GOLDEN.write_text(rows_of_every_slip())


@pytest.mark.parametrize("language", languages())
def test_every_small_paper_in_every_language(language: str) -> None:
    """Every letter has a form in the font that draws it, rows never touch, and the date stands there in both ways."""
    say = JA if language == "ja" else Languages(load("ja").template, load(language).template)
    drawn = set()
    for make in EVERY.values():
        slip = make(say)
        for line in slip.lines:
            for font, part in PAINTER.set(
                line.text + line.right, 32, "Bold" if line.is_bold else "Regular"
            ).runs:
                drawn |= {(each, font) for each in part}
        dates = [each.text for each in slip.lines if "令和8年11月21日" in each.text or "2026" in each.text]
        assert dates[0] == "令和8年11月21日 14時05分"
        assert language.startswith("ja") or ("2026" in dates[1] and "14" in dates[1] and "05" in dates[1])
    assert [(each, font.getname()) for each, font in drawn if not _has_form(font, each)] == []


def test_letters_that_hang_deep_make_a_row_higher() -> None:
    """Burmese: the whole is as high as its ink, and no row's ink reaches the next."""
    painter = Painter()
    text = next(form for form in load("my").forms("slip.receipt.title"))
    one, two = (painter.draw(Slip("x", (SlipLine(text=text, size=3),) * count)) for count in (1, 2))
    assert two.height == 2 * one.height
    ink = one.convert("L").point(lambda white: 255 - white).getbbox()
    assert ink is not None and ink[3] < one.height
    assert one.height > painter.draw(Slip("x", (SlipLine(text="領収書", size=3),))).height


def _has_form(font: ImageFont.FreeTypeFont, char: str) -> bool:
    """Drawn, and not as the box that stands for a missing letter."""
    if unicodedata.category(char)[0] in "CMZ":
        return True
    nothing = font.getmask("\U0010ffff")
    return bytes(font.getmask(char)) != bytes(nothing)
