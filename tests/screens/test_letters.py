"""Every letter of every language: a face that has it, room for its ink, and never a box."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it has no stubs
from hypothesis import given
from hypothesis import strategies as st

from i18n.catalogue import languages, load
from i18n.message import Message, Run, break_lines, is_mark, parse, plain
from screens import coverage, fonts, typeset
from screens.theme import tokens
from screens.typeset import Setting

NO_FACE_HAS = "\U000fffff"
"""A private code point of plane 15."""
MJ_SEQUENCE = "\u8fbb\U000e0102"
"""辻 with a shape of Moji_Joho that only IPAmj knows."""


def _forms(language: str) -> list[tuple[str, str]]:
    words = load(language)
    return [(key, form) for key in sorted(words.keys) for form in words.forms(key)]


def _messages(language: str) -> list[tuple[str, Message]]:
    class _Any(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return "12"

    return [(key, parse(form, _Any(), True)) for key, form in _forms(language)]


@pytest.mark.parametrize("name", fonts.FILES)
@pytest.mark.parametrize("is_bold", [False, True])
def test_our_reading_of_a_font_is_a_strangers(name: str, is_bold: bool) -> None:
    """Fonttools reads the same characters out of the same file."""
    file = fonts.FILES[name]
    ours = coverage.read(file.at(is_bold), file.number)
    with TTFont(file.at(is_bold), fontNumber=file.number) as font:
        theirs = font["cmap"]
    codes = {
        code for first, last in zip(ours.firsts, ours.lasts, strict=True) for code in range(first, last + 1)
    }
    assert codes == set(theirs.getBestCmap())
    for table in theirs.tables:
        if table.format == 14:
            known = {(vs, base) for vs, pairs in table.uvsDict.items() for base, _ in pairs}
            assert ours.sequences == known


@pytest.mark.parametrize("language", languages())
def test_no_letter_is_ever_a_box(language: str) -> None:
    """Coverage says that the face has it, and the picture of the letter is not the picture of no letter."""
    letters = {letter for _, form in _forms(language) for letter in form if not letter.isspace()}
    for letter in sorted(letters):
        for is_bold in (False, True):
            for piece in fonts.split(letter, language):
                assert piece.text != fonts.GETA, (language, letter)
                face = fonts.face(piece.face, 40, is_bold)
                if not is_mark(letter):
                    assert bytes(face.getmask(piece.text)) != bytes(face.getmask(NO_FACE_HAS)), (
                        language, letter,
                    )  # fmt: skip


@pytest.mark.parametrize("language", languages())
def test_a_mark_is_never_without_its_letter(language: str) -> None:
    """Else the shaper would draw a dotted circle: not at the head of a run, not at the head of a face's piece."""
    for key, message in _messages(language):
        for paragraph in message.paragraphs:
            for run in (run for phrase in paragraph for run in phrase):
                assert not is_mark(run.text[0]), key
                for piece in fonts.split(run.text, language):
                    assert not is_mark(piece.text[0]), key
                assert "\u25cc" not in run.text, key


@pytest.mark.parametrize("language", languages())
def test_lines_have_room_for_their_ink(language: str) -> None:
    """The highest and the lowest letter of a language do not touch the next line, in every style that has two."""
    px = 60
    for key, message in _messages(language):
        setting = Setting(px, 1.0, False, 100_000.0, "left", language)
        block = typeset.set_text(message, setting)
        ink = typeset.draw_mask(block, setting).getbbox()
        if ink is None:
            continue
        bleed = typeset.bleed_px(setting)
        assert ink[1] > 0, f"{key}: cut above"
        assert ink[3] < block.height + 2 * bleed, f"{key}: cut below"
        over = bleed - ink[1], ink[3] - bleed - block.height
        assert max(0, over[0]) + max(0, over[1]) <= px * 0.16, (key, message.text, over)


def test_a_letter_that_nobody_has_is_printers_geta() -> None:
    assert fonts.split(NO_FACE_HAS, "ja") == (("jp", fonts.GETA),)


def test_a_name_of_the_registers_keeps_its_shape() -> None:
    """IVS of Moji_Joho come from IPAmj; a sequence that nobody knows is shown without its selector, not as a box."""
    assert fonts.split(MJ_SEQUENCE + "様", "ja") == (("mj", MJ_SEQUENCE), ("jp", "様"))
    assert fonts.split("辻\U000e01ef", "ja") == (("jp", "辻"),)


@pytest.mark.parametrize(
    ("text", "language", "faces"),
    [
        ("ခေါ်ရန် 3/6", "my", ["myanmar", "sans"]),
        ("住民票の写し", "my", ["jp"]),
        ("住民票", "zh-Hans", ["sc"]),
        ("住民票", "zh-Hant", ["tc"]),
        ("Xin chào", "vi", ["sans"]),
        ("नेपाली (ne)", "ja", ["devanagari", "jp"]),
        ("한국어", "ja", ["jp"]),
        ("한국어", "ko", ["kr"]),
    ],
)
def test_the_face_is_the_languages_first_that_has_it(text: str, language: str, faces: list[str]) -> None:
    pieces = fonts.split(text, language)
    assert [piece.face for piece in pieces] == faces
    assert "".join(piece.text for piece in pieces) == text


@given(st.text(max_size=40), st.sampled_from(("ja", "my", "ne", "th")))
def test_splitting_loses_no_base_letter(text: str, language: str) -> None:
    kept = "".join(piece.text for piece in fonts.split(text, language))
    bases = [letter for letter in text if not fonts.sticks(letter)]
    if text and fonts.sticks(text[0]):
        return
    assert len([letter for letter in kept if not fonts.sticks(letter)]) == len(bases)


def test_ruby_stands_above_and_is_what_is_spoken() -> None:
    message = parse("証明書[しょうめいしょ]を|受[う]け取[と]ります", {}, True)
    assert message.text == "証明書を受け取ります"
    assert message.reading == "しょうめいしょをうけとります"
    assert message.has_ruby
    setting = Setting(40, 1.4, False, 2000.0, "left", "ja")
    block = typeset.set_text(message, setting)
    bare = typeset.set_text(plain(message.text), setting)
    assert block.line_height > bare.line_height
    ink = typeset.draw_mask(block, setting).getbbox()
    assert ink is not None
    assert ink[3] - ink[1] > 40 * 1.3


def test_long_ruby_pushes_its_neighbours_away() -> None:
    setting = Setting(40, 1.4, False, 2000.0, "left", "ja")
    wide = typeset.set_text(parse("私[わたくし]", {}, True), setting).width
    assert wide > typeset.set_text(plain("私"), setting).width


def test_letters_and_ruby_are_not_parted() -> None:
    message = parse("住民票[じゅうみんひょう]記載[きさい]事項[じこう]", {}, True)
    lines = break_lines(message, 3.0, lambda run: float(len(run.text)))
    assert ["".join(run.text for run in line.runs) for line in lines] == ["住民票", "記載", "事項"]


def _is_whole(word: str) -> bool:
    return not word or not (is_mark(word[0]) or unicodedata.category(word[0]) == "Cf")


@pytest.mark.parametrize("word", ["ရွေးချယ်ပါ", "เปลี่ยนภาษา", "क्षेत्रीय", "ශ්‍රී ලංකා", "বাংলাদেশ"])
def test_a_word_that_is_too_long_is_cut_between_clusters(word: str) -> None:
    lines = break_lines(Message((((Run(word),),),)), 2.0, lambda run: float(len(run.text)))
    assert len(lines) > 1
    for line in lines:
        assert _is_whole("".join(run.text for run in line.runs))


def test_every_language_has_room_in_the_styles() -> None:
    for text in tokens.TEXT.values():
        assert text.leading >= 1.0


def test_fonts_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.require()
    monkeypatch.setattr(fonts, "_ROOT", tmp_path)
    with pytest.raises(fonts.FontMissingError, match="fonts-noto-cjk"):
        fonts.require()


def _font_pages() -> int:
    """Resident, as the kernel counts them (proc(5), smaps), in kB."""
    found, is_font = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            is_font = bool(rest) and rest[-1].startswith("/usr/share/fonts/")
        elif name == "Rss:" and is_font:
            found += int(rest[0])
    return found


def test_pages_of_fonts_are_given_back_and_come_again() -> None:
    words = plain("請把卡片放在這裡")
    settings = [Setting(px, 1.4, True, 900.0, "left", "zh-Hant") for px in (41, 42, 43)]
    before = [typeset.draw_mask(typeset.set_text(words, each), each).tobytes() for each in settings]
    held = _font_pages()
    fonts.let_go()
    assert _font_pages() < held / 10
    assert [typeset.draw_mask(typeset.set_text(words, each), each).tobytes() for each in settings] == before
    assert _font_pages() > 0
