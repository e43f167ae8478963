"""NameGuard: can the certificate's font draw this text exactly?

An engine draws a missing shape as a box, or an unknown variation sequence as the plain character, without a
word. So every code point, and every pair of base and selector, is looked up in the font itself before a fee
is asked. IPAmj's selectors are the Moji_Joho collection's; the same number means another shape in
Adobe-Japan1.

A code point of the private use area means what somebody agreed: 行政事務標準文字 (MJ+) has its additions there, old
systems their 外字, and a font whatever its maker put. It is drawn only when the town's own table (`letters.toml`)
lists it for this very font; else the same number could be another person's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

_PRIVATE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def _is_private(code: int) -> bool:
    return any(code in each for each in _PRIVATE)


def is_selector(char: str) -> bool:
    """A variation selector (U+FE00-FE0F, U+E0100-E01EF)."""
    return any(ord(char) in each for each in _SELECTORS)


class Letters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A town's agreement about private code points (`letters.toml`)."""

    version: str
    font: str
    """Full name and version of the font that it is about, as the font says itself."""
    source: str = ""
    """Whose agreement it is: 行政事務標準文字 and its edition, the town's own 外字."""
    private: dict[str, str] = msgspec.field(default_factory=dict)
    """`U+E000` → the character's name in its collection (`MJ068101`)."""

    def codes(self) -> frozenset[int]:
        """ValueError: a key is no private code point."""
        found = frozenset(int(each.removeprefix("U+"), 16) for each in self.private)
        if not all(_is_private(each) for each in found):
            raise ValueError("not a private code point")
        return found


class LettersError(Exception):
    """The town's table of letters cannot be used; the message names no letter."""


def read_letters(file: Path) -> Letters | None:
    """None: the town has none, and no private code point is drawn."""
    if not file.exists():
        return None
    try:
        letters = msgspec.toml.decode(file.read_bytes(), type=Letters)
        letters.codes()
    except (ValueError, msgspec.MsgspecError):
        raise LettersError(f"{file.name}: not a table of private code points") from None
    return letters


class NameGuard:
    """Knows what one font can draw."""

    def __init__(
        self,
        characters: Iterable[int],
        sequences: Iterable[tuple[int, int]],
        font: str = "",
        letters: Letters | None = None,
    ) -> None:
        """LettersError: the table is about another font, or lists what this one lacks."""
        agreed = letters.codes() if letters is not None else frozenset()
        has = frozenset(characters)
        if letters is not None and (letters.font != font or not agreed <= has):
            raise LettersError("the table of letters is not about this font")
        drawn = frozenset(each for each in has if not _is_private(each)) | agreed
        self._characters = frozenset(char for char in map(chr, drawn) if not is_selector(char))
        self._sequences = frozenset(sequences)
        self.font = font + (f", letters {letters.version}" if letters is not None else "")
        """Name and version, and those of the town's table, for the audit log."""

    @classmethod
    def of_font(cls, file: Path, letters: Letters | None = None) -> NameGuard:
        """Reads the cmap (formats 4, 12 and 14) of a TrueType or OpenType file."""
        # no types; at start only
        from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415

        with TTFont(file, lazy=True) as font:
            sequences = {
                (base, selector)
                for table in font["cmap"].tables
                if table.format == 14
                for selector, pairs in table.uvsDict.items()
                for base, _ in pairs
            }
            name = f"{font['name'].getDebugName(4)} {font['name'].getDebugName(5)}"
            return cls(font.getBestCmap(), sequences, name, letters)

    def can_draw(self, texts: Iterable[str]) -> bool:
        """Whether every character and sequence of all these texts has its own glyph."""
        return all(self._characters.issuperset(text) or self._has_all(text) for text in texts)

    def _has_all(self, text: str) -> bool:
        """The slow way: somewhere is a variation sequence, or something that cannot be drawn."""
        return all(self._has(base, selector) for base, selector in _pairs(text))

    def _has(self, base: str, selector: str) -> bool:
        if selector:
            return (ord(base), ord(selector)) in self._sequences
        # A selector without a base is no text; controls are never drawn and never wanted.
        return base in self._characters


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Each character with the selector that follows it, or with ``."""
    position = 0
    while position < len(text):
        base = text[position]
        following = text[position + 1] if position + 1 < len(text) else ""
        selector = following if following and is_selector(following) and not is_selector(base) else ""
        yield base, selector
        position += 2 if selector else 1
