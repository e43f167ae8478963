"""What each kind's pages look like, as text: how dark every 4 mm are, 0 (white) to f (black), by the
square root, so that thin letters count.

`python -m tests.issuance.golden` writes them anew: look at the papers first (`/tmp/papers`), then at the diff."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from issuance.drawing import Drawing
from tests.issuance.papers import EVERYTHING, draughtsman, draw, scan

FOLDER = Path(__file__).parent / "golden"
PAPERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("juminhyo", "goro", EVERYTHING),
    ("juminhyo", "john", EVERYTHING),
    ("kisai_jiko", "yoshiko", {}),
    ("inkan_shomei", "hanako", {}),
    ("shotoku_shomei", "ichiro", {}),
    ("kazei_shomei", "ichiro", {}),
    ("kazei_shomei", "hanako", {}),
    ("shotoku_kazei", "ichiro", {}),
    ("nozei_shomei", "taro", {}),
    ("koseki_zenbu", "yoshiko", {}),
    ("koseki_kojin", "ichiro", {}),
    ("fuhyo", "goro", EVERYTHING),
)
_CELLS = (53, 74)
_LEVELS = 16
DIFFERS = 3
"""Levels by which a cell may differ: another version of the font's hinting or of the rasteriser."""


def drawn(kind: str, who: str, choices: dict[str, str], to: Path) -> list[str]:
    """Each page of a paper, as text."""
    found = draw(draughtsman(), who, kind, **choices)
    assert isinstance(found, Drawing), found
    return [told(page) for page in scan(found.pdf, to, 100)]


def told(page: Image.Image) -> str:
    small = page.convert("L").resize(_CELLS, Image.Resampling.BOX)
    levels = [round((_LEVELS - 1) * math.sqrt(1 - value / 255)) for value in small.tobytes()]
    width = _CELLS[0]
    return "\n".join(
        "".join(f"{level:x}" for level in levels[at : at + width]) for at in range(0, len(levels), width)
    )


def unlike(one: str, other: str) -> list[tuple[int, int]]:
    """Cells (row, column) that differ by more than they may; a page of another shape differs everywhere."""
    rows, others = one.splitlines(), other.splitlines()
    if [len(each) for each in rows] != [len(each) for each in others]:
        return [(0, 0)]
    return [
        (at, column)
        for at, (row, second) in enumerate(zip(rows, others, strict=True))
        for column, (left, right) in enumerate(zip(row, second, strict=True))
        if abs(int(left, 16) - int(right, 16)) > DIFFERS
    ]


def file_of(kind: str, who: str) -> Path:
    return FOLDER / f"{kind}-{who}.txt"


def main(argv: Sequence[str] | None = None) -> int:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for kind, who, choices in PAPERS:
        with tempfile.TemporaryDirectory() as folder:
            file_of(kind, who).write_text("\n\n".join(drawn(kind, who, choices, Path(folder))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
