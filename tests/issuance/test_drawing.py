"""Nobody signs for a paper that lacks something, and the back says what the front says."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from issuance import seal
from issuance.drawing import Draughtsman, Drawing
from issuance.town import TownError, read_kinds
from tests.issuance.papers import (
    EVERYTHING,
    ISSUE,
    KEYS,
    KINDS,
    REGISTER,
    TOWN,
    draughtsman,
    draw,
    edited,
    scan,
)


@pytest.fixture(scope="module")
def drawer() -> Draughtsman:
    return draughtsman()


SEAL_PAPER = "inkan_shomei/template.typ"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_whole(drawer: Draughtsman, kind: str) -> None:
    drawn = draw(drawer, "taro", kind)
    assert isinstance(drawn, Drawing), drawn
    assert drawn.sides == "two-sided-long-edge"


@pytest.mark.parametrize(
    ("lacks", "old", "new"),
    [
        ("attestation", "text(size: 10.5pt, d.attestation)", ""),
        ("date", "text(size: 11pt, d.issued_on),", "[],"),
        ("mayor", "#h(1.2em)#d.mayor.name]", "]"),
        ("mayor", "#text(size: 12pt, d.mayor.title)#h", "#h"),
        ("official-seal", "    seal)", "    [])"),
        ("code", "    code,\n    text(size: 11pt", "    [],\n    text(size: 11pt"),
        ("serial", "[発行番号 #d.serial], [#number / #total 頁],", "[], [#number / #total 頁],"),
        ("page-number", "[#number / #total 頁],", "[],"),
        ("page-number", "[#number / #total 頁],", "[1 / 1 頁],"),
        ("terminal", "頁], [端末番号 #d.terminal])", "頁], [])"),
        ("specimen", "background: if d.is_specimen { specimen },", ""),
        ("back-code", 'alt: "表面の記載事項の二次元コード"', 'alt: ""'),
        (
            "back-serial",
            "[発行番号 #d.serial], [#number / #total 頁の裏面],",
            "[], [#number / #total 頁の裏面],",
        ),
        ("back-page-number", "[#number / #total 頁の裏面],", "[],"),
        ("back-terminal", "頁の裏面], [端末番号 #d.terminal])", "頁の裏面], [])"),
    ],
)
def test_a_page_that_lacks_one_thing_is_no_certificate(
    tmp_path: Path, lacks: str, old: str, new: str
) -> None:
    drawn = draw(
        draughtsman(certificates=edited(tmp_path / "c", "common.typ", old, new)),
        "goro",
        "juminhyo",
        **EVERYTHING,
    )
    assert isinstance(drawn, str)
    assert drawn.startswith("incomplete: ")
    found = drawn.removeprefix("incomplete: ").split(", ")
    second = f"{lacks} 2" in found
    assert f"{lacks} {2 if second else 1}" in found
    # Without a 認証文 nothing stands below it.
    assert {each.split()[0] for each in found} <= {lacks} | (
        {"date", "mayor"} if lacks == "attestation" else set()
    )


def test_the_title_too(tmp_path: Path) -> None:
    certificates = edited(tmp_path / "c", SEAL_PAPER, "  title\n", "")
    assert draw(draughtsman(certificates=certificates), "taro", "inkan_shomei") == "incomplete: title 1"


def test_a_front_that_does_not_say_what_its_back_says(tmp_path: Path) -> None:
    certificates = edited(
        tmp_path / "c", "inkan_shomei/template.typ", "text(size: 12pt, p.birth)", "text(size: 12pt)[昭和1年]"
    )
    assert draw(draughtsman(certificates=certificates), "taro", "inkan_shomei") == "incomplete: field 1"


def test_a_date_elsewhere_on_the_page_is_not_the_date_of_issue(tmp_path: Path) -> None:
    """Somebody was born on the day; the paper still says when it was issued, or is none."""
    certificates = edited(
        tmp_path / "c",
        "inkan_shomei/template.typ",
        "text(size: 12pt, p.birth)",
        "text(size: 12pt)[#p.birth 令和8年11月21日]",
    )
    text = (certificates / "common.typ").read_text(encoding="utf-8")
    (certificates / "common.typ").write_text(
        text.replace("text(size: 11pt, d.issued_on),", "[],"), encoding="utf-8"
    )
    assert draw(draughtsman(certificates=certificates), "taro", "inkan_shomei") == "incomplete: date 1"


def test_a_name_that_the_font_lacks_is_not_drawn(drawer: Draughtsman) -> None:
    assert draw(drawer, "gaiji", "juminhyo") == "glyph"


@pytest.mark.parametrize("dpi", [150, 200])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_back_says_every_word_of_the_front(
    drawer: Draughtsman, tmp_path: Path, kind: str, dpi: int
) -> None:
    """Read from a scan by a reader; people, rows and fields are the register's, selectors and all."""
    who = "yoshiko" if kind != "kazei_shomei" else "tsuji"
    drawn = draw(drawer, who, kind, **EVERYTHING)
    assert isinstance(drawn, Drawing), drawn
    pages = scan(drawn.pdf, tmp_path, 150)
    assert len(pages) == drawn.pages
    words = set()
    for at, back in enumerate(pages[1::2], start=1):
        (text,) = seal.texts_in(back)
        read = seal.read_back(text, KEYS)
        assert read is not None
        claim, sheet = read
        assert (claim.serial, claim.kind, claim.town) == (ISSUE.serial, kind, TOWN.code)
        assert (sheet.number, sheet.total) == (at, len(pages) // 2)
        assert seal.read(seal.texts_in(pages[2 * at - 2])[0], KEYS) == claim
        words |= {value for _, value in sheet.fields} | {word for line in sheet.table for word in line}
        words |= {word for row in sheet.rows for word in row}
    person = REGISTER.resident(who)
    assert person is not None
    everything = "".join(words)
    assert person.name.split("　")[1] in everything  # 葛󠄂子, 﨑子
    assert person.my_number not in everything.replace(" ", "")


def test_four_people_fit(drawer: Draughtsman, tmp_path: Path) -> None:
    """The densest sheet there is: read at 150 dpi, and turned, and a little skewed."""
    drawn = draw(drawer, "goro", "juminhyo", **EVERYTHING)
    assert isinstance(drawn, Drawing)
    back = scan(drawn.pdf, tmp_path, 150)[1]
    for picture in (back, back.rotate(180), back.rotate(3, fillcolor=255), back.resize((827, 1170))):
        (text,) = seal.texts_in(picture)
        read = seal.read_back(text, KEYS)
        assert read is not None
        names = [line[0] for line in read[1].table]
        assert names == [person.name for person in REGISTER.household("H5")[:4]]


def test_a_back_has_only_the_rows_that_its_front_has(drawer: Draughtsman, tmp_path: Path) -> None:
    drawn = draw(drawer, "john", "juminhyo", **EVERYTHING)
    assert isinstance(drawn, Drawing)
    (text,) = seal.texts_in(scan(drawn.pdf, tmp_path, 150)[1])
    read = seal.read_back(text, KEYS)
    assert read is not None
    lines = [dict(zip(read[1].headings, line, strict=True)) for line in read[1].table]
    assert [(each["国籍・地域"], each["本籍"] != "") for each in lines] == [
        ("米国", False),
        ("", True),
        ("", True),
    ]


def test_a_touched_back_is_none(drawer: Draughtsman, tmp_path: Path) -> None:
    drawn = draw(drawer, "hanako", "juminhyo")
    assert isinstance(drawn, Drawing)
    (text,) = seal.texts_in(scan(drawn.pdf, tmp_path, 150)[1])
    assert seal.read_back(text, KEYS) is not None
    assert seal.read_back(text, {}) is None
    assert seal.read(text, KEYS) is None
    start = text.index("#B.") + 3
    for at in range(start, len(text) - 1, 7):
        assert seal.read_back(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :], KEYS) is None
    for cut in (0, 3, 40, len(text) - 8):
        assert seal.read_back(text[: max(cut, 0)], KEYS) is None


def test_a_town_without_backs_has_one_sided_papers() -> None:
    drawn = draw(
        draughtsman(msgspec.structs.replace(TOWN, has_backs=False)), "goro", "juminhyo", **EVERYTHING
    )
    assert isinstance(drawn, Drawing)
    assert (drawn.pages, drawn.sides) == (2, "one-sided")


def test_my_number_can_never_be_in_a_code(tmp_path: Path) -> None:
    certificates = edited(
        tmp_path / "c",
        "juminhyo/kind.toml",
        '["氏名", "name"]',
        '["氏名", "name"], ["個人番号", "my_number"]',
    )
    with pytest.raises(TownError, match="個人番号"):
        read_kinds(certificates)


def test_the_same_paper_at_the_same_time_is_the_same_bytes(drawer: Draughtsman) -> None:
    """With its codes and backs, in another process too: Ed25519 signs without chance."""
    drawn = draw(drawer, "goro", "juminhyo")
    assert isinstance(drawn, Drawing)
    program = (
        "import hashlib;from tests.issuance.papers import draughtsman,draw;"
        "print(hashlib.sha256(draw(draughtsman(),'goro','juminhyo').pdf).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(drawn.pdf).hexdigest()
