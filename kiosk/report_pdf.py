"""A paper of the treasury as A4 pages: ruled tables in the screens' own Gothic, words that can be searched and copied.

A typesetter is not on the appliance (the server has one); a form of tables needs none. The same paper gives the same
bytes: no clock and no chance is in them, only the paper, the font and this code. ISO 32000-1: §7.5 the file, §9.7.4 the
font (TrueType glyphs by their number), §9.10.3 what each glyph says.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError
from kiosk.treasury.paper import SPECIMEN_LINE, Paper, Table

FONT = Path("/usr/share/fonts/truetype/bizud-gothic/BIZUDGothic-Regular.ttf")
MISSING = "〓"
"""Printed in the place of a letter that the font does not have; the text below it is still the letter."""

_TABLES = frozenset({"GlyphOrder", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp"})
"""What a PDF reads of a TrueType font (ISO 32000-1 §9.9), and the table of its letters."""
_WIDE, _HIGH, _MARGIN = 595.28, 841.89, 42.5
_INSIDE = _WIDE - 2 * _MARGIN
_BOTTOM = _MARGIN + 16
_TITLE, _BODY, _FOOT, _SMALLEST = 16.0, 9.0, 7.0, 5.5
_LEADING = _BODY * 1.5
_PAD = 3.0
_SPREAD = 1.6
"""A narrow table is drawn so much wider, that figures do not touch their rules."""
_SEAL = 62.0


class _Font:
    """Which glyph stands for which letter, in the order of first use."""

    def __init__(self) -> None:
        from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no stubs; late

        try:
            self._font: Any = TTFont(FONT, recalcTimestamp=False)
        except OSError:
            raise ConfigError(f"{FONT}: cannot be read; apt install fonts-morisawa-bizud-gothic") from None
        for tag in set(self._font.keys()) - _TABLES:
            del self._font[tag]
        self._cmap: dict[int, str] = self._font.getBestCmap()
        self._em: int = self._font["head"].unitsPerEm
        self.used: dict[str, int] = {}
        """Letter -> the number that stands for it in the pages; each letter has its own, to be read back."""

    def code(self, text: str) -> str:
        """The letters as a hexadecimal string of PDF."""
        return "<" + "".join(f"{self.used.setdefault(each, len(self.used) + 1):04X}" for each in text) + ">"

    def wide(self, letter: str) -> float:
        """Its advance, in em."""
        name = self._cmap.get(ord(letter), self._cmap[ord(MISSING)])
        return float(self._font["hmtx"][name][0]) / self._em

    def length(self, text: str, size: float) -> float:
        return sum(self.wide(each) for each in text) * size

    def embedded(self) -> tuple[bytes, bytes, bytes]:
        """(font file with the used glyphs only, number -> glyph, number -> letter as a CMap)."""
        from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

        shown = {each: each if ord(each) in self._cmap else MISSING for each in self.used}
        options = Options(hinting=False, layout_features=[], name_IDs=[], glyph_names=False)
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=[ord(each) for each in shown.values()])
        subsetter.subset(self._font)
        out = io.BytesIO()
        self._font.save(out, reorderTables=None)
        cmap = self._font.getBestCmap()
        glyphs = bytearray(2)
        for letter in self.used:
            glyphs += int(self._font.getGlyphID(cmap[ord(shown[letter])])).to_bytes(2, "big")
        return out.getvalue(), bytes(glyphs), self._letters()

    def _letters(self) -> bytes:
        pairs = [
            f"<{number:04X}> <{letter.encode('utf-16-be').hex()}>" for letter, number in self.used.items()
        ]
        parts = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
        blocks = "\n".join(f"{len(p)} beginbfchar\n" + "\n".join(p) + "\nendbfchar" for p in parts)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
            f"{blocks}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode("ascii")


class _Pages:
    """Pages that fill from the top; `room` makes a new one."""

    def __init__(self, font: _Font) -> None:
        self.font = font
        self.drawn: list[list[str]] = []
        self.y = 0.0
        self.page: list[str] = []
        """Where it is drawn now."""
        self.turn()

    def turn(self) -> None:
        self.page = []
        self.drawn.append(self.page)
        self.y = _HIGH - _MARGIN

    def room(self, high: float) -> bool:
        """Space of that height below; True: it is on a new page."""
        if self.y - high >= _BOTTOM:
            return False
        self.turn()
        return True

    def say(self, text: str, x: float, y: float, size: float, *, is_bold: bool = False) -> None:
        if text:
            bold = f"2 Tr {size / 40:.2f} w" if is_bold else "0 Tr"
            code = self.font.code(text)
            self.page.append(f"BT /F {size:.2f} Tf {bold} {x:.2f} {y:.2f} Td {code} Tj ET")

    def centred(self, text: str, y: float, size: float, *, is_bold: bool = False) -> None:
        self.say(text, (_WIDE - self.font.length(text, size)) / 2, y, size, is_bold=is_bold)

    def lines(self, text: str, x: float) -> None:
        """Words in the body's size, broken where the margin is."""
        while text:
            end, wide = 0, 0.0
            while end < len(text) and wide <= _WIDE - _MARGIN - x:
                wide += self.font.length(text[end], _BODY)
                end += 1
            end -= wide > _WIDE - _MARGIN - x
            self.room(_LEADING)
            self.y -= _LEADING
            self.say(text[:end], x, self.y, _BODY)
            text = text[end:]

    def box(self, x: float, y: float, wide: float, high: float, *, is_grey: bool = False) -> None:
        if is_grey:
            self.page.append(f"0.92 g {x:.2f} {y:.2f} {wide:.2f} {high:.2f} re f 0 g")
        self.page.append(f"0.4 w {x:.2f} {y:.2f} {wide:.2f} {high:.2f} re S")


def pdf_of(paper: Paper) -> bytes:
    """The file. ConfigError: the font is not installed (Debian's fonts-morisawa-bizud-gothic)."""
    return pages_of(paper)[0]


def pages_of(paper: Paper) -> tuple[bytes, int]:
    """The file, and of how many pages. ConfigError as above."""
    font = _Font()
    pages = _Pages(font)
    pages.y -= _TITLE
    pages.centred(paper.title, pages.y, _TITLE, is_bold=True)
    pages.y -= _BODY
    for label, value in paper.facts:
        pages.lines(label, _MARGIN)
        pages.y += _LEADING
        pages.lines(value, _MARGIN + 9 * _BODY)
    for table in paper.tables:
        _table(pages, table)
    pages.y -= _BODY / 2
    for each in paper.remarks:
        pages.lines(f"※ {each}", _MARGIN)
    _seals(pages, paper.seals)
    for number, page in enumerate(pages.drawn, 1):
        pages.page = page
        pages.centred(f"{paper.title}  {number} / {len(pages.drawn)}", _MARGIN - 8, _FOOT)
        if paper.is_specimen:
            pages.centred(SPECIMEN_LINE, _HIGH - _MARGIN + 8, _BODY, is_bold=True)
    return _file(font, ["\n".join(page) for page in pages.drawn], paper.title), len(pages.drawn)


def _table(pages: _Pages, table: Table) -> None:
    rows = [table.head, *table.rows]
    ems = [max(pages.font.length(row[at], 1.0) for row in rows) for at in range(len(table.head))]
    size = max(_SMALLEST, min(_BODY, (_INSIDE - 2 * _PAD * len(ems)) / max(1.0, sum(ems))))
    widths = [each * size + 2 * _PAD for each in ems]
    spread = min(_SPREAD, _INSIDE / sum(widths))
    widths = [each * max(1.0, spread) for each in widths]
    high = size * 1.55
    pages.room(2 * _BODY + 5 * high)  # a heading is never alone at the foot of a page
    pages.y -= 2 * _BODY
    pages.say(f"■ {table.title}", _MARGIN, pages.y, _BODY, is_bold=True)
    pages.y -= 4
    if not table.rows:
        pages.y -= high
        pages.say(table.empty, _MARGIN + _PAD, pages.y + size * 0.4, size)
        return
    _row(pages, table, table.head, widths, size, is_head=True)
    for row in table.rows:
        if pages.room(high):
            _row(pages, table, table.head, widths, size, is_head=True)
        _row(pages, table, row, widths, size)


def _row(
    pages: _Pages,
    table: Table,
    row: Sequence[str],
    widths: Sequence[float],
    size: float,
    *,
    is_head: bool = False,
) -> None:
    high = size * 1.55
    pages.y -= high
    x = _MARGIN
    for at, (word, wide) in enumerate(zip(row, widths, strict=True)):
        pages.box(x, pages.y, wide, high, is_grey=is_head)
        start = x + wide - _PAD - pages.font.length(word, size) if at >= table.left else x + _PAD
        pages.say(word, start, pages.y + size * 0.42, size)
        x += wide


def _seals(pages: _Pages, seals: Sequence[str]) -> None:
    if not seals:
        return
    pages.room(_SEAL + 34)
    pages.y -= _SEAL + 34
    for at, name in enumerate(seals):
        x = _WIDE - _MARGIN - _SEAL * (len(seals) - at)
        pages.box(x, pages.y, _SEAL, _SEAL)
        pages.box(x, pages.y + _SEAL, _SEAL, 15, is_grey=True)
        pages.say(name, x + (_SEAL - pages.font.length(name, _BODY)) / 2, pages.y + _SEAL + 4.5, _BODY)


# --- the file ---------------------------------------------------------------------------------------------------------


def _file(font: _Font, pages: Sequence[str], title: str) -> bytes:
    fixed = 8
    kids = " ".join(f"{fixed + 1 + 2 * at} 0 R" for at in range(len(pages)))
    wide = " ".join(f"{number} [{font.wide(letter) * 1000:.0f}]" for letter, number in font.used.items())
    program, glyphs, letters = font.embedded()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (ja-JP) >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+BIZUDGothic /Encoding /Identity-H "
        b"/DescendantFonts [4 0 R] /ToUnicode 8 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /AAAAAA+BIZUDGothic /FontDescriptor 5 0 R /DW 1000 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /CIDToGIDMap 7 0 R "
        b"/W [" + wide.encode() + b"] >>",
        b"<< /Type /FontDescriptor /FontName /AAAAAA+BIZUDGothic /Flags 5 /FontBBox [0 -120 1000 880] "
        b"/ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 740 /StemV 80 /FontFile2 6 0 R >>",
        _stream(program, f"/Length1 {len(program)} "),
        _stream(glyphs),
        _stream(letters),
    ]
    for at, drawn in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.28 841.89] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> >>" % (fixed + 2 + 2 * at)
        )
        objects.append(_stream(drawn.encode("ascii")))
    objects.append(b"<< /Title <FEFF%s> >>" % title.encode("utf-16-be").hex().encode())
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    identity = hashlib.sha256(out).hexdigest()[:32].encode()
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info %d 0 R /ID [<%s> <%s>] >>\n"
        b"startxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(objects), identity, identity, len(out))
    )


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 9)
    head = f"<< {more}/Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
    return head + packed + b"\nendstream"
