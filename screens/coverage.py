"""Which characters a font file has: its `cmap`, read once. Knows no Pillow and no Kivy.

FreeType draws a box for a character that a font lacks and Pillow does not say so; only the table says it beforehand.
Read are the two subtables that our fonts have: format 12 (segmented coverage) or 4, and 14 (variation sequences).
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import NamedTuple

_UNICODE = {(3, 10), (0, 4), (0, 6), (3, 1), (0, 3)}
"""(platform, encoding) of the subtables that hold Unicode (OpenType 1.9, cmap)."""


class Coverage(NamedTuple):
    """Ranges of code points, first and last, ascending; and the variation sequences that the font knows."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    sequences: frozenset[tuple[int, int]]
    """(variation selector, base)."""

    def has(self, code: int) -> bool:
        at = bisect_right(self.firsts, code) - 1
        return at >= 0 and code <= self.lasts[at]

    def has_sequence(self, base: int, selector: int) -> bool:
        return (selector, base) in self.sequences


class _Font:
    def __init__(self, data: mmap.mmap, index: int) -> None:
        self._data = data
        start = 0
        if data[:4] == b"ttcf":
            start = self.one(">I", 12 + 4 * index)
        self.cmap = self._table(start)

    def one(self, form: str, at: int) -> int:
        value: int = struct.unpack_from(form, self._data, at)[0]
        return value

    def many(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(form, self._data, at)

    def _table(self, start: int) -> int:
        for number in range(self.one(">H", start + 4)):
            entry = start + 12 + 16 * number
            if self._data[entry : entry + 4] == b"cmap":
                return self.one(">I", entry + 8)
        raise ValueError("a font without cmap")


@cache
def read(path: Path, index: int = 0) -> Coverage:
    """The coverage of one face of a file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _read(_Font(data, index))


def _read(font: _Font) -> Coverage:
    ranges: dict[int, list[tuple[int, int]]] = {}
    sequences: frozenset[tuple[int, int]] = frozenset()
    for number in range(font.one(">H", font.cmap + 2)):
        platform, encoding, offset = font.many(">HHI", font.cmap + 4 + 8 * number)
        at = font.cmap + offset
        form = font.one(">H", at)
        if form == 14:
            sequences = _sequences(font, at)
        elif (platform, encoding) in _UNICODE and form in (4, 12) and form not in ranges:
            ranges[form] = _groups(font, at) if form == 12 else _segments(font, at)
    found = sorted(ranges.get(12) or ranges[4])
    return Coverage(tuple(first for first, _ in found), tuple(last for _, last in found), sequences)


def _groups(font: _Font, at: int) -> list[tuple[int, int]]:
    count = font.one(">I", at + 12)
    numbers = font.many(f">{3 * count}I", at + 16)
    return [(numbers[n], numbers[n + 1]) for n in range(0, 3 * count, 3)]


def _segments(font: _Font, at: int) -> list[tuple[int, int]]:
    """Format 4: whole segments; the last one (FFFF) is no character."""
    count = font.one(">H", at + 6) // 2
    lasts = font.many(f">{count}H", at + 14)
    firsts = font.many(f">{count}H", at + 16 + 2 * count)
    return [(first, last) for first, last in zip(firsts, lasts, strict=True) if first != 0xFFFF]


def _sequences(font: _Font, at: int) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for number in range(font.one(">I", at + 6)):
        entry = at + 10 + 11 * number
        selector = int.from_bytes(bytes(font.many(">3B", entry)), "big")
        default, other = font.many(">II", entry + 3)
        if default:
            for each in range(font.one(">I", at + default)):
                start = int.from_bytes(bytes(font.many(">3B", at + default + 4 + 4 * each)), "big")
                more = font.one(">B", at + default + 7 + 4 * each)
                found.update((selector, base) for base in range(start, start + more + 1))
        if other:
            for each in range(font.one(">I", at + other)):
                base = int.from_bytes(bytes(font.many(">3B", at + other + 4 + 5 * each)), "big")
                found.add((selector, base))
    return frozenset(found)
