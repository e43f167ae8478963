"""The drawn paper, read by other people's tools: text, fonts, structure, pages."""

from __future__ import annotations

import subprocess
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest
from PIL import Image
from pypdfium2 import raw

from issuance import folder, paper
from issuance.clock import town_day
from issuance.folder import CERTIFICATES
from issuance.names import NameGuard
from issuance.paper import EMPTY, OMITTED, Issue
from issuance.register import FileRegister, Records
from issuance.render import Renderer, RenderError
from issuance.town import Deputy, read_kinds, read_town
from tests.issuance.people import FONT, KIOSK, NOW

DAY = date(2026, 11, 21)
TOWN = read_town(folder.SPECIMEN)
KINDS = read_kinds(CERTIFICATES)
REGISTER = FileRegister(folder.SPECIMEN, lambda: town_day(NOW))
ISSUE = Issue(KIOSK, "1" * 32, "2" * 32, "2026-00000123-94", NOW)
EVERYTHING = {
    "whom": "household",
    "zokugara": "yes",
    "honseki": "yes",
    "kokuseki": "yes",
    "zairyu_card": "yes",
    "kojin_bango": "yes",
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return folder.renderer_of(KINDS, FONT)


def drawn(renderer: Renderer, who: str, kind: str = "juminhyo", *, year: int = 2026, **choices: str) -> bytes:
    applicant = REGISTER.resident(who)
    assert applicant is not None
    household = REGISTER.household(applicant.household)
    people = paper.people_of(KINDS[kind], applicant, household, choices)
    records = Records(
        REGISTER.seal(who),
        REGISTER.tax(who, year),
        True,
        REGISTER.payments(who, year),
        REGISTER.family(who),
    )
    data = paper.compose(TOWN, KINDS[kind], ISSUE, people, household, choices, records)
    return renderer.render(kind, data, NOW)[0]


def run(tmp_path: Path, pdf: bytes, *command: str) -> str:
    file = tmp_path / "paper.pdf"
    file.write_bytes(pdf)
    line = [each.replace("PDF", str(file)) for each in command]
    return subprocess.run(line, capture_output=True, check=True, text=True).stdout


def text(tmp_path: Path, pdf: bytes) -> list[str]:
    """The text of each page without white space, by poppler, in the order it was written."""
    pages = run(tmp_path, pdf, "pdftotext", "-raw", "PDF", "-").split("\f")[:-1]
    return ["".join(page.split()) for page in pages]


def bare(words: str) -> str:
    return "".join(words.split())


def test_every_page_carries_what_makes_it_valid(tmp_path: Path, renderer: Renderer) -> None:
    pages = text(tmp_path, drawn(renderer, "daike", **EVERYTHING))
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        for wanted in (
            "この写しは、世帯全員の住民票の原本と相違ないことを証明する。",
            "令和8年11月21日",
            "例示県例示市長見本一郎",
            f"発行番号{ISSUE.serial}",
            f"{number}/4頁",
            f"端末番号{KIOSK}",
            "見本",
        ):
            assert wanted in page, (number, wanted)


@pytest.mark.parametrize(("who", "pages"), [("hanako", 1), ("goro", 2), ("daike", 4), ("yoshiko", 1)])
def test_four_people_a_page(tmp_path: Path, renderer: Renderer, who: str, pages: int) -> None:
    assert len(text(tmp_path, drawn(renderer, who, whom="household"))) == pages


def test_everybody_of_the_household_once_in_order(tmp_path: Path, renderer: Renderer) -> None:
    whole = "".join(text(tmp_path, drawn(renderer, "daike", **EVERYTHING)))
    names = [bare(person.name) for person in REGISTER.household("H6")]
    assert [part[: len(name)] for part, name in zip(whole.split("氏名")[1:], names, strict=True)] == names


def test_the_applicant_alone_shows_the_least(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "hanako"))
    assert "氏名例示花子" in page
    assert "例示太郎" not in page
    person = REGISTER.resident("hanako")
    assert person is not None
    assert bare(person.my_number) not in page
    assert person.honseki not in page
    assert page.count(OMITTED) == 5  # 世帯主, 続柄, 個人番号, 本籍, 筆頭者
    assert page.count(EMPTY) == 2  # 旧氏, 通称
    assert "この写しは、世帯の一部の者について" in page


def test_what_is_asked_for_is_there(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "hanako", **EVERYTHING))
    for person in REGISTER.household("H1"):
        for wanted in (
            person.name,
            person.kana,
            person.honseki,
            person.hittousha,
            person.my_number,
            person.relation,
        ):
            assert bare(wanted) in page
    assert OMITTED not in page


def test_the_text_layer_keeps_every_variation_sequence(tmp_path: Path, renderer: Renderer) -> None:
    person = REGISTER.resident("yoshiko")
    assert person is not None
    (page,) = text(tmp_path, drawn(renderer, "yoshiko", honseki="yes"))
    for value in (person.name, person.hittousha, person.previous_address):
        assert bare(value) in page


def test_a_foreign_resident_has_her_own_rows(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "maria"))
    for label in ("国籍・地域", "在留資格", "在留期間等", "法30条の45区分"):
        assert label in page
    assert "本籍" not in page
    assert "ブラジル" not in page


def test_who_lives_alone_is_the_whole_household(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "yoshiko"))
    assert "世帯全員の住民票の原本" in page


def test_kisai_jiko_is_the_same_form_with_its_own_sentence(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "hanako", "kisai_jiko", whom="household"))
    assert "住民票記載事項証明書" in page
    assert "世帯全員の住民票に記載されている事項と相違ない" in page


@pytest.mark.parametrize(("who", "wide_mm"), [("hanako", 12.0), ("goro", 18.0), ("sato", 10.5)])
def test_a_seal_is_drawn_at_its_true_size(
    tmp_path: Path, renderer: Renderer, who: str, wide_mm: float
) -> None:
    """Measured on the raster, within a tenth of a millimetre."""
    pdf = drawn(renderer, who, "inkan_shomei")
    place = ("-x", "500", "-y", "800", "-W", "1150", "-H", "1150")  # inside the frame's left cell, at 600 dpi
    run(tmp_path, pdf, "pdftoppm", "-r", "600", "-gray", *place, "PDF", str(tmp_path / "seal"))
    with Image.open(tmp_path / "seal-1.pgm") as picture:
        box = picture.point(lambda value: 255 if value < 100 else 0).getbbox()
    assert box is not None
    for pixels in (box[2] - box[0], box[3] - box[1]):
        assert pixels / 600 * 25.4 == pytest.approx(wide_mm, abs=0.1)


def test_a_seal_certificate_says_whose_seal_it_is(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "yoshiko", "inkan_shomei"))
    person = REGISTER.resident("yoshiko")
    assert person is not None
    for wanted in (
        "印鑑登録証明書",
        f"氏名{bare(person.name)}",
        "昭和50年11月30日",
        person.address,
        "登録された印影と相違ない",
    ):
        assert wanted in page
    assert page.count("氏名") == 1


YEAR = "令和8年度（令和7年中の所得）"


@pytest.mark.parametrize(
    ("who", "kind", "there", "not_there"),
    [
        (
            "ichiro",
            "shotoku_kazei",
            (YEAR, "所得・課税証明書", "給与収入金額5,480,000", "社会保険料控除812,300", "年税額266,100"),
            (),
        ),
        ("ichiro", "kazei_shomei", (YEAR, "課税証明書", "年税額266,100"), ("非課税", "給与収入")),
        ("hanako", "kazei_shomei", (YEAR, "非課税証明書", "年税額0"), ()),
        ("ichiro", "shotoku_shomei", (YEAR, "所得証明書", "給与所得3,944,000"), ("年税額", "控除")),
        ("taro", "nozei_shomei", ("令和8年度", "市県民税・森林環境税33,50025,2008,3000"), ("所得",)),
    ],
)
def test_what_stands_on_the_certificates_of_tax(
    tmp_path: Path,
    renderer: Renderer,
    who: str,
    kind: str,
    there: tuple[str, ...],
    not_there: tuple[str, ...],
) -> None:
    (page,) = text(tmp_path, drawn(renderer, who, kind))
    for wanted in there:
        assert wanted in page
    for unwanted in not_there:
        assert unwanted not in page
    assert page.count("氏名") == 1


def test_a_paper_of_an_earlier_fiscal_year_says_so(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "ichiro", "kazei_shomei", year=2024))
    assert bare("令和6年度（令和5年中の所得）") in page
    assert YEAR not in page
    (page,) = text(tmp_path, drawn(renderer, "taro", "nozei_shomei", year=2025))
    assert "令和7年度" in page and "29,20029,20000" in page


def test_where_somebody_lived_on_the_day_of_assessment_is_said_only_where_it_is_known(
    tmp_path: Path, renderer: Renderer
) -> None:
    """Somebody who moved within the town since then has another address on the paper than on that day."""
    (page,) = text(tmp_path, drawn(renderer, "sato", "kazei_shomei", year=2024))
    person = REGISTER.resident("sato")
    assert person is not None and person.address_since <= date(2024, 1, 1)
    assert f"1月1日の住所{person.address}" in page
    moved = msgspec.structs.replace(person, address_since=date(2024, 1, 2))
    tax = REGISTER.tax("sato", 2024)
    assert tax is not None
    records = Records(None, tax, True)
    data = paper.compose(TOWN, KINDS["kazei_shomei"], ISSUE, (moved,), (moved,), {}, records)
    assert data["tax"]["address"] == "【空欄】"


def test_a_family_register_as_it_is_written(tmp_path: Path, renderer: Renderer) -> None:
    pages = text(tmp_path, drawn(renderer, "yoshiko", "koseki_zenbu"))
    whole = "".join(pages)
    family = REGISTER.family("yoshiko")
    assert family is not None
    assert "戸籍に記録されている事項の全部を証明した書面である" in pages[0]
    lived = {line.address for member in family.members for line in member.addresses}
    for wanted in set(family.texts()) - lived:
        assert bare(wanted) in whole, wanted
    assert whole.count("除籍") == 1  # who has died
    assert [page.count("（1の2）") + page.count("（2の2）") for page in pages] == [1, 1]


def test_one_persons_part_of_it(tmp_path: Path, renderer: Renderer) -> None:
    (page,) = text(tmp_path, drawn(renderer, "ichiro", "koseki_kojin"))
    assert "氏名例示太郎" in page  # 筆頭者 is the name of the register
    assert page.count("【名】") == 1
    assert "【名】一郎" in page


@pytest.mark.parametrize(
    ("choices", "names", "honseki"),
    [
        ({}, ["氏名例題五郎"], False),
        ({"whom": "household"}, ["氏名例題五郎", "氏名例題幸"], False),
        ({"whom": "household", "honseki": "yes"}, ["筆頭者氏名例題五郎", "名五郎", "名幸"], True),
    ],
)
def test_where_a_family_has_lived(
    tmp_path: Path, renderer: Renderer, choices: dict[str, str], names: list[str], honseki: bool
) -> None:
    (page,) = text(tmp_path, drawn(renderer, "goro", "fuhyo", **choices))
    for name in names:
        assert name in page
    assert page.count("氏名") == len(names) if not honseki else 1
    assert ("例示県例示市中央五丁目５番地" in page) is honseki
    assert ("例題幸" in page) is (choices.get("whom") == "household" and not honseki)
    assert "例示県例示市架空町一丁目１番１号平成元年4月1日" in page
    assert ("全部の原本" in page) is ("whom" in choices)


def test_a_deputy_signs_in_these_days_only() -> None:
    deputy = Deputy("例示県例示市長職務代理者　例示県例示市副市長", "見本　二郎", DAY, DAY)
    town = msgspec.structs.replace(TOWN, deputies=(deputy,))
    assert [town.signer(DAY + timedelta(days=at)).name for at in (-1, 0, 1)] == [
        "見本　一郎",
        "見本　二郎",
        "見本　一郎",
    ]


def test_only_our_font_and_embedded(tmp_path: Path, renderer: Renderer) -> None:
    lines = run(tmp_path, drawn(renderer, "goro", **EVERYTHING), "pdffonts", "PDF").splitlines()[2:]
    assert lines
    for line in lines:
        assert "IPAmjMincho" in line
        assert line.split()[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, Unicode map


def test_the_file_is_whole_and_archival(tmp_path: Path, renderer: Renderer) -> None:
    pdf = drawn(renderer, "hanako")
    assert "No syntax or stream encoding errors" in run(tmp_path, pdf, "qpdf", "--check", "PDF")
    info = run(tmp_path, pdf, "pdfinfo", "PDF")
    assert "Page size:       595.276 x 841.89 pts (A4)" in info
    assert "Tagged:          yes" in info
    assert f"transaction:{ISSUE.transaction}, line:{ISSUE.line}, serial:{ISSUE.serial}, kiosk:{KIOSK}" in info
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf


def test_the_same_paper_at_the_same_time_is_the_same_bytes(renderer: Renderer) -> None:
    first = drawn(renderer, "hanako")
    drawn(renderer, "goro")
    assert drawn(renderer, "hanako") == first
    fresh = folder.renderer_of(KINDS, FONT)
    assert drawn(fresh, "hanako") == first


def test_data_is_never_markup(tmp_path: Path, renderer: Renderer) -> None:
    applicant = REGISTER.resident("hanako")
    assert applicant is not None
    data = paper.compose(TOWN, KINDS["juminhyo"], ISSUE, (applicant,), (applicant,), {}, Records())
    data["persons"][0]["name"] = '#panic("x") *b* $x$ \\ "'
    (page,) = text(tmp_path, renderer.render("juminhyo", data, NOW)[0])
    assert bare(data["persons"][0]["name"]) in page


def test_a_fault_while_drawing_quotes_nothing(renderer: Renderer) -> None:
    with pytest.raises(RenderError) as caught:
        renderer.render("juminhyo", {"title": "例示　花子"}, NOW + timedelta(days=1))
    assert "例示" not in str(caught.value)


def test_the_templates_own_words_are_in_the_font() -> None:
    guard = NameGuard.of_font(FONT)
    for file in [each for each in CERTIFICATES.rglob("*") if each.is_file()]:
        words = file.read_text(encoding="utf-8").replace("\n", "")
        assert guard.can_draw([each for each in words if ord(each) > 0x7F]), file


LONG = {
    "words": ("EXAMPLE LONGNAME " * 10)[:60],
    "one word": "EXAMPLELONGNAMEWITHOUTANYBREAK",
    "wide": ("ヴェンカタラマナタン・" * 10)[:60],
}


@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_a_long_name_is_read_in_every_cell(tmp_path: Path, renderer: Renderer, name: str) -> None:
    """As long as the town's limit allows: no row grows, nothing leaves its cell, and no letter is below 6.5 pt."""
    pdf, pages = renderer.render("juminhyo", _named(name), NOW)
    assert len(pages) == 1
    assert bare(text(tmp_path, pdf)[0]).count(bare(name)) == 5
    letters = [each for each in _letters(pdf) if each[0] in name.replace(" ", "")]
    assert len(letters) >= 5 * len(bare(name))
    assert min(size for _, size, _ in letters) >= 6.5
    assert max(right for *_, right in letters) < (210 - 14) / 25.4 * 72


def test_a_name_that_could_not_be_read_is_not_drawn(renderer: Renderer) -> None:
    with pytest.raises(RenderError):
        renderer.render("juminhyo", _named(LONG["one word"] * 2), NOW)


def _named(name: str) -> dict[str, Any]:
    """The paper of four people of this name, the first of whom is the head."""
    applicant = REGISTER.resident("maria")
    assert applicant is not None
    given = {"zokugara": "yes"}
    data = paper.compose(TOWN, KINDS["juminhyo"], ISSUE, (applicant,) * 4, (applicant,), given, Records())
    data["head"] = name
    for person in data["persons"]:
        person["name"] = name
    return data


def _letters(pdf: bytes) -> list[tuple[str, float, float]]:
    """Each letter of the first page with its size and right edge, in points."""
    page = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    return [
        (page.get_text_range(at, 1), raw.FPDFText_GetFontSize(page, at), page.get_charbox(at)[2])
        for at in range(page.count_chars())
    ]
