"""Brings the catalogues' texts into docs/codes.md: `python -m tests.docs.codes`. All other words there are by hand."""

from __future__ import annotations

import re
from pathlib import Path

from i18n.catalogue import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/codes.md"
_SECTION = re.compile(r"^### (?P<code>[A-Z]-\d{3})\n(?:\n(?P<told>>.*(?:\n>.*)*)\n)?", re.MULTILINE)


def told(code: str) -> str:
    """What the resident reads, a line per language."""
    return "  \n".join(f"> {language}: {_said(language, code)}" for language in ("ja", "en"))


def _said(language: str, code: str) -> str:
    title, why, following = (
        load(language).text(f"notice.{code}.{part}").replace("\n", "" if language == "ja" else " ")
        for part in ("title", "why", "next")
    )
    return f"**{title}** · {why} → {following}"


def on_page() -> dict[str, str]:
    """Code -> the text that stands on the page."""
    return {
        found["code"]: found["told"] or "" for found in _SECTION.finditer(PAGE.read_text(encoding="utf-8"))
    }


def renewed(page: str) -> str:
    return _SECTION.sub(lambda found: f"### {found['code']}\n\n{told(found['code'])}\n", page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
