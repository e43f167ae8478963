"""Glyphs, dates, numbers, the log's chain."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance import audit
from issuance.names import LettersError, NameGuard, read_letters
from issuance.office import is_new_enough
from issuance.serials import is_serial, make_serial
from issuance.wareki import fiscal_year, tax_year, tax_year_label, wareki
from tests.issuance.people import FONT


@pytest.fixture(scope="module")
def guard() -> NameGuard:
    return NameGuard.of_font(FONT)


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("例示　花子", True),
        ("MARIA ISABEL EXEMPLO DOS SANTOS", True),
        ("\U00020bb7", True),  # 𠮷, outside the basic plane
        ("葛\U000e0102子", True),  # Moji_Joho
        ("葛\U000e0100子", False),  # Adobe-Japan1: another number space
        ("辻\U000e0101", False),
        ("\ue000", False),  # private use
        ("\U0002ffff", False),
        ("例\U000e0102", False),  # no such sequence of this base
        ("\U000e0102例", False),  # a selector of nothing
        ("葛\U000e0102\U000e0102", False),
        ("例\n", False),
        ("", True),
    ],
)
def test_what_the_font_can_draw(guard: NameGuard, text: str, can: bool) -> None:
    assert guard.can_draw([text]) is can


def test_a_private_code_point_is_what_the_town_agreed_on(guard: NameGuard, tmp_path: Path) -> None:
    """IPAmj has five of its own: without a table none is drawn, with one only what it lists."""
    assert not guard.can_draw(["\uf860"])
    table = tmp_path / "letters.toml"
    text = f'version = "2026-11"\nfont = "{guard.font}"\n[private]\n"U+F860" = "MJ000001"\n'
    table.write_text(text, encoding="utf-8")
    agreed = NameGuard.of_font(FONT, read_letters(table))
    assert agreed.can_draw(["\uf860", "例"])
    assert not agreed.can_draw(["\uf861"])
    assert agreed.font == f"{guard.font}, letters 2026-11"
    assert read_letters(tmp_path / "none.toml") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version 005.01", "Version 006.00"),  # another font than the table was made for
        ("U+F860", "U+E000"),  # the font lacks it
        ("U+F860", "U+4E00"),  # no private code point
        ("[private]", "[publik]"),
        ('version = "2026-11"', ""),
    ],
)
def test_a_table_of_letters_that_does_not_fit(guard: NameGuard, tmp_path: Path, old: str, new: str) -> None:
    text = f'version = "2026-11"\nfont = "{guard.font}"\n[private]\n"U+F860" = "MJ000001"\n'
    assert old in text
    (tmp_path / "letters.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(LettersError):
        NameGuard.of_font(FONT, read_letters(tmp_path / "letters.toml"))


def test_the_guard_knows_its_font(guard: NameGuard) -> None:
    assert "IPAmjMincho" in guard.font


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    nothing = NameGuard((), ())
    assert nothing.can_draw([text]) is (text == "")


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(1873, 1, 1), "明治6年1月1日"),
        (date(1912, 7, 29), "明治45年7月29日"),
        (date(1912, 7, 30), "大正元年7月30日"),
        (date(1926, 12, 24), "大正15年12月24日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2026, 11, 21), "令和8年11月21日"),
    ],
)
def test_wareki(day: date, written: str) -> None:
    assert wareki(day) == written


def test_no_era_before_meijis_calendar() -> None:
    with pytest.raises(ValueError, match="1873"):
        wareki(date(1872, 12, 31))


def test_the_fiscal_year_begins_in_april() -> None:
    assert [fiscal_year(date(2026, month, 1)) for month in (1, 3, 4, 12)] == [2025, 2025, 2026, 2026]


def test_the_tax_year_begins_in_june_and_taxes_the_year_before() -> None:
    assert [tax_year(date(2026, month, 1)) for month in (1, 5, 6, 12)] == [2025, 2025, 2026, 2026]
    assert tax_year_label(2026) == "令和8年度（令和7年中の所得）"
    assert tax_year_label(2020) == "令和2年度（令和元年中の所得）"


@given(st.integers(1, 99_999_999))
def test_serials_find_one_wrong_digit_and_one_swap(number: int) -> None:
    serial = make_serial(2026, number)
    assert is_serial(serial)
    for at, digit in enumerate(serial):
        if digit.isdigit():
            wrong = serial[:at] + str((int(digit) + 1) % 10) + serial[at + 1 :]
            assert not is_serial(wrong)
    digits = serial[:-3]
    for at in range(len(digits) - 1):
        swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        if "-" not in digits[at : at + 2] and swapped != digits:
            assert not is_serial(swapped + serial[-3:])


@pytest.mark.parametrize("number", [0, 100_000_000])
def test_a_year_has_an_end(number: int) -> None:
    with pytest.raises(ValueError, match="発行番号"):
        make_serial(2026, number)


@pytest.mark.parametrize(
    ("version", "minimum", "enough"),
    [("", "0.1.0", False), ("0.1.0", "0.1.0", True), ("0.10.0", "0.9.9", True), ("0.9.9+x", "0.10.0", False)],
)
def test_versions_compare_as_numbers(version: str, minimum: str, enough: bool) -> None:
    assert is_new_enough(version, minimum) is enough


def test_a_changed_entry_breaks_the_chain() -> None:
    links: list[audit.Link] = []
    previous = audit.GENESIS
    for seq in (1, 2, 3):
        entry = audit.Entry(at="t", act=f"act-{seq}")
        links.append(audit.Link(seq, entry, previous, audit.chain(previous, seq, entry)))
        previous = links[-1].hash
    assert audit.first_broken(links) is None
    forged = audit.Link(2, audit.Entry(at="t", act="other"), links[1].previous, links[1].hash)
    assert audit.first_broken([links[0], forged, links[2]]) == 2
    assert audit.first_broken([]) is None
