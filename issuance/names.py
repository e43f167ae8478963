"""NameGuard: can the certificate's font draw this text exactly?

An engine draws a missing shape as a box, or an unknown variation sequence as the plain character, without a
word. So every code point, and every pair of base and selector, is looked up in the font itself before a fee
is asked. IPAmj's selectors are the Moji_Joho collection's; the same number means another shape in
Adobe-Japan1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def is_selector(char: str) -> bool:
    """A variation selector (U+FE00-FE0F, U+E0100-E01EF)."""
    return any(ord(char) in each for each in _SELECTORS)


class NameGuard:
    """Knows what one font can draw."""

    def __init__(
        self, characters: Iterable[int], sequences: Iterable[tuple[int, int]], font: str = ""
    ) -> None:
        self._characters = frozenset(characters)
        self._sequences = frozenset(sequences)
        self.font = font
        """Name and version, for the audit log."""

    @classmethod
    def of_font(cls, file: Path) -> NameGuard:
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
            return cls(font.getBestCmap(), sequences, name)

    def can_draw(self, texts: Iterable[str]) -> bool:
        """Whether every character and sequence of all these texts has its own glyph."""
        return all(self._has(base, selector) for text in texts for base, selector in _pairs(text))

    def _has(self, base: str, selector: str) -> bool:
        if selector:
            return (ord(base), ord(selector)) in self._sequences
        # A selector without a base is no text; controls are never drawn and never wanted.
        return ord(base) in self._characters and not is_selector(base)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Each character with the selector that follows it, or with ``."""
    position = 0
    while position < len(text):
        base = text[position]
        following = text[position + 1] if position + 1 < len(text) else ""
        selector = following if following and is_selector(following) and not is_selector(base) else ""
        yield base, selector
        position += 2 if selector else 1
