"""A text that is ready to be set: paragraphs of phrases of runs. Pure.

What a catalogue's text may hold besides words:

    |          a line may break here, nothing is shown (Japanese: between phrases)
    newline    a line must break here
    **words**  bold
    {name}     a value; its characters are never read as marks

Languages that write spaces break at spaces too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple


class Run(NamedTuple):
    """Characters of one weight."""

    text: str
    is_bold: bool = False


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
    def is_empty(self) -> bool:
        return not any(run.text for paragraph in self.paragraphs for phrase in paragraph for run in phrase)


EMPTY = Message(())

_MARKS = re.compile(r"(\*\*|\||\n|\{[a-z_]+\})")
_SPACE = re.compile(r"(?<= )(?=[^ ])")


@lru_cache(maxsize=1024)
def _tokens(template: str) -> tuple[str, ...]:
    return tuple(token for token in _MARKS.split(template) if token)


def names_in(template: str) -> frozenset[str]:
    """The names of the values that a text wants."""
    return frozenset(token[1:-1] for token in _tokens(template) if token[0] == "{" and token[-1] == "}")


def parse(template: str, values: Mapping[str, str], breaks_at_spaces: bool) -> Message:
    """Put the values in; KeyError when one is missing."""
    paragraphs: list[Paragraph] = []
    phrases: list[Phrase] = []
    runs: list[Run] = []
    is_bold = False

    def end_phrase() -> None:
        if runs:
            phrases.append(tuple(runs))
            runs.clear()

    for piece in _tokens(template):
        if piece == "**":
            is_bold = not is_bold
        elif piece == "|":
            end_phrase()
        elif piece == "\n":
            end_phrase()
            paragraphs.append(tuple(phrases))
            phrases.clear()
        else:
            is_value = _MARKS.fullmatch(piece) is not None
            words = values[piece[1:-1]] if is_value else piece
            parts = _SPACE.split(words) if breaks_at_spaces and not is_value else [words]
            for index, part in enumerate(parts):
                if index:
                    end_phrase()
                if part:
                    runs.append(Run(part, is_bold))
    end_phrase()
    paragraphs.append(tuple(phrases))
    return Message(tuple(paragraphs))


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
        seen = sum(measure(run) for run in _stripped(phrase))
        if line and used + seen > width:
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


def _stripped(runs: Iterable[Run]) -> list[Run]:
    kept = list(runs)
    if kept:
        kept[-1] = Run(kept[-1].text.rstrip(" "), kept[-1].is_bold)
    return kept


def _line(runs: list[Run], measure: Measure) -> Line:
    joined: list[Run] = []
    for run in _stripped(runs):
        if joined and joined[-1].is_bold == run.is_bold:
            joined[-1] = Run(joined[-1].text + run.text, run.is_bold)
        elif run.text:
            joined.append(run)
    return Line(tuple(joined), sum(measure(run) for run in joined))


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
        for character in run.text:
            piece = Run(character, run.is_bold)
            if clusters and (glue or character in NOT_FIRST or _joins(clusters[-1][-1].text, character)):
                clusters[-1].append(piece)
            else:
                clusters.append([piece])
            glue = character in NOT_LAST
    return clusters


def _joins(before: str, character: str) -> bool:
    """Latin words and numbers, combining marks and variation selectors stay with what they follow."""
    selector = 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF
    return selector or (before.isascii() and character.isascii() and before != " " and character != " ")
