"""A paper looks as it looked when somebody last looked at it (golden.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.issuance import golden
from tests.issuance.papers import KINDS


@pytest.mark.parametrize(("kind", "who", "choices"), golden.PAPERS)
def test_it_looks_as_it_did(kind: str, who: str, choices: dict[str, str], tmp_path: Path) -> None:
    pages = golden.drawn(kind, who, choices, tmp_path)
    kept = golden.file_of(kind, who).read_text().rstrip("\n").split("\n\n")
    assert len(pages) == len(kept)
    for number, (page, old) in enumerate(zip(pages, kept, strict=True), start=1):
        assert golden.unlike(page, old) == [], f"page {number}"


def test_every_kind_has_been_looked_at() -> None:
    assert {kind for kind, _, _ in golden.PAPERS} == set(KINDS)
    assert {file.stem for file in golden.FOLDER.glob("*.txt")} == {
        f"{kind}-{who}" for kind, who, _ in golden.PAPERS
    }


def test_a_word_that_moved_is_seen(tmp_path: Path) -> None:
    """A name one line lower, a seal that is gone."""
    page = Image.new("L", (827, 1170), 255)
    pen = ImageDraw.Draw(page)
    pen.rectangle((600, 900, 690, 990), outline=0, width=6)
    before = golden.told(page)
    pen.rectangle((600, 900, 690, 990), outline=255, width=6)
    gone = golden.told(page)
    pen.rectangle((600, 930, 690, 1020), outline=0, width=6)
    assert golden.unlike(before, gone)
    assert golden.unlike(before, golden.told(page))
    assert golden.unlike(before, before) == []
