"""A text that is ready to be set: paragraphs of phrases of runs. Pure.

What a catalogue's text may hold besides words:

    |          a line may break here, nothing is shown (Japanese: between phrases)
    newline    a line must break here
    **words**  bold
    {name}     a value; its characters are never read as marks, and a line breaks in it only where it is a text of its
               own (`Message`); a no-break space keeps words of such a text together
    漢字[かんじ]  ruby: the reading above the kanji before it (やさしい日本語)

Languages that write spaces break at spaces too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Run(NamedTuple):
    """Characters of one weight; `ruby` is their reading, shown small above them."""

    text: str
    is_bold: bool = False
    ruby: str = ""


Phrase = tuple[Run, ...]
Paragraph = tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """Paragraphs (forced lines) of phrases (never broken inside, unless one is wider than the line)."""

    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        """The words alone, one paragraph a line: for speech, logs of layout, receipts."""
        return "\n".join(
            "".join(run.text for phrase in paragraph for run in phrase) for paragraph in self.paragraphs
        )

    @property
    def reading(self) -> str:
        """As it is spoken: ruby in place of its letters."""
        return "\n".join(
            "".join(run.ruby or run.text for phrase in paragraph for run in phrase)
            for paragraph in self.paragraphs
        )

    @property
    def has_ruby(self) -> bool:
        return any(run.ruby for paragraph in self.paragraphs for phrase in paragraph for run in phrase)

    @property
    def is_empty(self) -> bool:
        return not any(run.text for paragraph in self.paragraphs for phrase in paragraph for run in phrase)


EMPTY = Message(())

_MARKS = re.compile(r"(\*\*|\||\n|\{[a-z_]+\}|[一-龥々]+\[[ぁ-ゖァ-ヶー]+\])")
RUBY = re.compile(r"\[[ぁ-ゖァ-ヶー]+\]")
_SPACE = re.compile(r"(?<= )(?=[^ ])")


@lru_cache(maxsize=1024)
def _tokens(template: str) -> tuple[str, ...]:
    return tuple(token for token in _MARKS.split(template) if token)


def names_in(template: str) -> frozenset[str]:
    """The names of the values that a text wants."""
    return frozenset(token[1:-1] for token in _tokens(template) if token[0] == "{" and token[-1] == "}")


_PHRASE_END = re.compile(r"(?<=[、。」）をはがにでと])(?=[^、。」）\s])|(?<=[ぁ-ん])(?=[一-龯ァ-ヴ「（])")


def sentence(words: str) -> Message:
    """A sentence that no catalogue has marks for (the treasury's, the town's): lines may end between its phrases and at
    its spaces."""
    return parse(_PHRASE_END.sub("|", words.replace("|", "")), {}, True)


def parse(template: str, values: Mapping[str, str | Message], breaks_at_spaces: bool) -> Message:
    """Put the values in; KeyError when one is missing. A value that is a `Message` keeps its phrases."""
    paragraphs: list[Paragraph] = []
    phrases: list[Phrase] = []
    runs: list[Run] = []
    is_bold = False

    def end_phrase() -> None:
        if runs:
            phrases.append(tuple(runs))
            runs.clear()

    for piece in _tokens(template):
        if breaks_at_spaces and piece not in ("**", "|", "\n") and runs and runs[-1].text.endswith(" "):
            end_phrase()
        if piece == "**":
            is_bold = not is_bold
        elif piece == "|":
            end_phrase()
        elif piece == "\n":
            end_phrase()
            paragraphs.append(tuple(phrases))
            phrases.clear()
        elif piece[-1] == "]" and _MARKS.fullmatch(piece):
            letters, _, ruby = piece[:-1].partition("[")
            runs.append(Run(letters, is_bold, ruby))
        else:
            for index, part in enumerate(_parts(piece, values, is_bold, breaks_at_spaces)):
                if index:
                    end_phrase()
                runs.extend(part)
    end_phrase()
    paragraphs.append(tuple(phrases))
    return Message(tuple(paragraphs))


def _parts(
    piece: str, values: Mapping[str, str | Message], is_bold: bool, breaks_at_spaces: bool
) -> list[Phrase]:
    """A value, or words of the template: what a line may break between."""
    if _MARKS.fullmatch(piece) is None:
        words = _SPACE.split(piece) if breaks_at_spaces else [piece]
        return [(Run(part, is_bold),) for part in words if part]
    value = values[piece[1:-1]]
    if isinstance(value, str):
        return [(Run(value, is_bold),)] if value else []
    phrases = [phrase for paragraph in value.paragraphs for phrase in paragraph]
    return [tuple(run._replace(is_bold=is_bold or run.is_bold) for run in phrase) for phrase in phrases]


def plain(text: str, is_bold: bool = False) -> Message:
    """A text that is no catalogue's: a name, a number."""
    return Message((((Run(text, is_bold),),),))


# JIS X 4051 / JLREQ 3.1.7 and 3.1.8: what may not begin a line, what may not end one.
NOT_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー」』）〉》】〕］｝’”,.:;?!)]}%％円通枚"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
)
NOT_LAST = frozenset("「『（〈《【〔［｛‘“([{¥￥")

Measure = Callable[[Run], float]


class Line(NamedTuple):
    runs: tuple[Run, ...]
    width: float


_NEARLY = 0.97


def break_lines(message: Message, width: float, measure: Measure) -> list[Line]:
    """Lines no wider than `width`: between phrases; inside a phrase only if it alone is wider (kinsoku)."""
    lines: list[Line] = []
    for paragraph in message.paragraphs:
        lines.extend(_break_paragraph(paragraph, width, measure))
    return lines


def _break_paragraph(paragraph: Paragraph, width: float, measure: Measure) -> Iterable[Line]:
    line: list[Run] = []
    used = 0.0
    for phrase in paragraph:
        length = sum(measure(run) for run in phrase)
        seen = sum(measure(run) for run in stripped(phrase))
        is_full = used + seen > width
        if (
            not is_full and used + seen > width * _NEARLY
        ):  # set as one it may be a little longer than its parts
            is_full = _line([*line, *phrase], measure).width > width
        if line and is_full:
            yield _line(line, measure)
            line, used = [], 0.0
        if seen <= width:
            line.extend(phrase)
            used += length
            continue
        for part in _split_long(phrase, width, measure):
            if line:
                yield _line(line, measure)
            line, used = list(part), sum(measure(run) for run in part)
    yield _line(line, measure)


def stripped(runs: Iterable[Run]) -> list[Run]:
    """Without the space at the end, which a line does not show."""
    kept = list(runs)
    if kept:
        kept[-1] = kept[-1]._replace(text=kept[-1].text.rstrip(" \u3000"))
    return kept


def _line(runs: list[Run], measure: Measure) -> Line:
    joined = joined_runs(stripped(runs))
    return Line(tuple(joined), sum(measure(run) for run in joined))


def joined_runs(runs: Iterable[Run]) -> list[Run]:
    """Neighbours of one weight are drawn, and so measured, as one."""
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].is_bold == run.is_bold and not (joined[-1].ruby or run.ruby):
            joined[-1] = Run(joined[-1].text + run.text, run.is_bold)
        elif run.text:
            joined.append(run)
    return joined


def _split_long(phrase: Phrase, width: float, measure: Measure) -> Iterable[Phrase]:
    """Character by character, keeping together what kinsoku keeps together."""
    line: list[Run] = []
    used = 0.0
    for cluster in _clusters(phrase):
        length = sum(measure(run) for run in cluster)
        if line and used + length > width:
            yield tuple(line)
            line, used = [], 0.0
        line.extend(cluster)
        used += length
    if line:
        yield tuple(line)


def _clusters(phrase: Phrase) -> list[list[Run]]:
    clusters: list[list[Run]] = []
    glue = False
    for run in phrase:
        for character in [run.text] if run.ruby else run.text:
            piece = Run(character, run.is_bold, run.ruby)
            if clusters and (glue or character in NOT_FIRST or _joins(clusters[-1][-1].text, character)):
                clusters[-1].append(piece)
            else:
                clusters.append([piece])
            glue = character in NOT_LAST or (glue and character == " ")
    return clusters


def _joins(before: str, character: str) -> bool:
    """Words written with spaces, numbers, marks, joiners and variation selectors stay with what they follow."""
    if len(before) != 1 or len(character) != 1:
        return False
    if is_mark(character) or before in _GLUE or before in _THAI_FIRST:
        return True
    return is_word_letter(before) and is_word_letter(character)


_GLUE = frozenset("\u200d\u094d\u09cd\u0dca\u1039\u17d2")
"""Joins two letters into one shape: ZWJ, and the sign that stacks or drops a vowel in each Indic script."""
_THAI_FIRST = frozenset("เแโใไ")
"""Written before the letter that they are spoken after."""
_RUNS_ON = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "MYANMAR", "KHMER", "IDEOGRAPHIC")
"""Scripts without spaces: their words may be cut, between clusters, when a line is too short for one."""


def is_mark(character: str) -> bool:
    """A mark, a joiner or a variation selector: nothing without the letter before it."""
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


@lru_cache(maxsize=1024)
def is_word_letter(character: str) -> bool:
    """A letter or digit of a script that writes spaces."""
    if character.isascii():
        return character != " "
    return character.isalnum() and not unicodedata.name(character, "CJK").startswith(_RUNS_ON)
