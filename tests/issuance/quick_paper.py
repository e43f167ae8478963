"""Papers in a tenth of a millisecond: what a kiosk and an inspector read of a certificate, and nothing to look at.

A campaign of 10^5 papers need not draw each of them: who stands on a paper, its 発行番号 and its ids come from the same
composed data. Every `every`th paper is drawn by the real renderer all the same.
"""

from __future__ import annotations

from typing import Any

from issuance import paper
from issuance.drawing import ONE_SIDED, TWO_SIDED, Draughtsman, Drawing, Subject
from issuance.office import Office
from issuance.paper import Issue
from issuance.town import Kind, Town


class QuickDraughtsman:
    """In place of `issuance.drawing.Draughtsman`."""

    def __init__(self, real: Draughtsman, town: Town, every: int) -> None:
        self._real = real
        self._town = town
        self._every = every
        self.drawn = 0
        self._count = 0

    def draw(self, kind: Kind, issue: Issue, subject: Subject) -> Drawing | str:
        self._count += 1
        if self._count % self._every == 0:
            self.drawn += 1
            return self._real.draw(kind, issue, subject)
        data = paper.compose(
            self._town, kind, issue, subject.people, subject.household, subject.choices, subject.records
        )
        ids = f"発行番号 {issue.serial} 端末番号 {issue.kiosk}"
        pages = []
        for sheet in data["sheets"]:
            names = [f"氏名 {each['name']} 生年月日 {each['birth']}" for each in sheet["persons"]]
            pages.append([data["title"], *names, ids])
            if self._town.has_backs:
                pages.append([ids])
        words = (
            f"transaction:{issue.transaction}",
            f"line:{issue.line}",
            f"serial:{issue.serial}",
            f"kiosk:{issue.kiosk}",
        )
        sides = TWO_SIDED if self._town.has_backs else ONE_SIDED
        return Drawing(text_pdf(pages, ", ".join(words)), len(pages), sides, tuple(data["names"]))


class QuickOffice(Office, frozen=True):
    """An office with this draughtsman."""

    quick: Any

    @property
    def draughtsman(self) -> Any:
        return self.quick


def text_pdf(pages: list[list[str]], keywords: str) -> bytes:
    """A PDF of these lines. Its font is nowhere; its text is exact (a ToUnicode map, ISO 32000-1 §9.10.3)."""
    characters = sorted({char for page in pages for line in page for char in line})
    codes = {char: at for at, char in enumerate(characters, 1)}
    mapped = "".join(f"<{codes[char]:04X}> <{char.encode('utf-16-be').hex()}>\n" for char in characters)
    # At most a hundred entries a block (Adobe technical note 5014), and no paper of ours has more lines than this.
    rows = mapped.splitlines()
    blocks = "".join(
        f"{len(rows[at : at + 100])} beginbfchar\n" + "\n".join(rows[at : at + 100]) + "\nendbfchar\n"
        for at in range(0, len(rows), 100)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /A def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{blocks}endcmap\nend\nend\n"
    )
    kids = " ".join(f"{7 + 2 * at} 0 R" for at in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [ {kids} ] >>",
        "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H "
        "/DescendantFonts [ 4 0 R ] /ToUnicode 5 0 R >>",
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo "
        "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 >>",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
        f"<< /Keywords ({keywords}) >>",
    ]
    for at, page in enumerate(pages):
        content = "BT /F1 9 Tf 30 800 Td 20 TL " + " ".join(
            f"<{''.join(f'{codes[char]:04X}' for char in line)}> Tj T*" for line in page
        )
        content += " ET"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {8 + 2 * at} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _file(bodies)


def _file(bodies: list[str]) -> bytes:
    """Objects with their cross-reference table; object 6 is the document information."""
    data, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(bodies) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()
