"""docs/codes.md has a row for every public code that the software can say, and for no other."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from i18n.catalogue import languages, load
from tests.docs import codes

_CODE = re.compile(r"[CPFNMRX]-\d{3}")
SPEAKERS = ("kiosk", "issuance")
"""Who makes codes. Screens only show them."""


@cache
def said() -> frozenset[str]:
    """Every code that stands as a text in the sources."""
    found = set()
    for folder in SPEAKERS:
        for path in (codes.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and _CODE.fullmatch(node.value)
                ):
                    found.add(node.value)
    return frozenset(found)


def test_the_page_has_every_code_and_no_other() -> None:
    assert len(said()) > 30
    assert set(codes.on_page()) == said()


@pytest.mark.parametrize("language", languages())
def test_every_code_has_its_texts_and_no_text_is_left_over(language: str) -> None:
    words = load(language)
    wanted = {f"notice.{code}.{part}" for code in said() for part in ("title", "why", "next")}
    wanted |= {f"refusal.{code}" for code in said() if code.startswith("N-")}
    # What the assistant's panel says of a code stands in its own chapter, and may be less than all.
    have = {key for key in words.keys if _CODE.search(key) and not key.startswith("assist.code.")}
    assert have == wanted
    assert [key for key in sorted(wanted) if not all(words.forms(key))] == []


@pytest.mark.parametrize("code", sorted(said()))
def test_the_page_tells_what_the_resident_is_told(code: str) -> None:
    """Red after a text has changed: `python -m tests.docs.codes` brings the new one."""
    assert codes.on_page()[code] == codes.told(code)


@pytest.mark.parametrize("code", sorted(said()))
def test_every_row_says_cause_place_and_what_staff_do(code: str) -> None:
    page = codes.PAGE.read_text(encoding="utf-8")
    section = page.partition(f"### {code}\n")[2].partition("\n### ")[0]
    assert all(f"- *{word}*: " in section for word in ("Cause", "Where", "Staff"))
