"""Does every page carry what makes it valid? Asked of the drawn paper itself, before anybody signs for it. Pure.

A template is a town's data and can be wrong; a page without 認証文, date, mayor, 電子公印, 発行番号, page number or
terminal is no certificate, and one whose back says something else than its front is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

OFFICIAL_SEAL = "電子公印"
FRONT_CODE = "検証用の二次元コード"
BACK_CODE = "表面の記載事項の二次元コード"
"""Alternative texts of the pictures, by which they are found in the tagged page."""


class PageFound(msgspec.Struct, frozen=True):
    """What another library than the one that drew it finds on a page: its text in order, and the pictures' names."""

    text: str
    pictures: tuple[str, ...]


def faults(
    pages: Sequence[PageFound], data: Mapping[str, Any], fronts: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """`what page`, for everything that is missing; empty: whole. `fronts`: what each sheet must say (paper.printed)."""
    has_backs = "backs" in data
    if len(pages) != len(fronts) * (2 if has_backs else 1):
        return ("pages 0",)
    step = 2 if has_backs else 1
    found = []
    for at, front in enumerate(fronts):
        page = pages[at * step]
        found += [f"{what} {at + 1}" for what in _front(page, data, front, at + 1, len(fronts))]
        if has_backs:
            found += [
                f"back-{what} {at + 1}" for what in _back(pages[at * step + 1], data, at + 1, len(fronts))
            ]
    return tuple(found)


def _front(
    page: PageFound, data: Mapping[str, Any], front: Mapping[str, Any], number: int, total: int
) -> Iterator[str]:
    text = squeezed(page.text)
    attestation = squeezed(data["attestation"])
    # What the mayor signs stands from the 認証文 on: a date or a name above it is somebody's.
    signed = text[text.rfind(attestation) :] if attestation in text else ""
    wanted = (
        ("title", squeezed(data["title"]), text),
        ("attestation", attestation, text),
        ("date", squeezed(data["issued_on"]), signed),
        ("mayor", squeezed(data["mayor"]["title"] + data["mayor"]["name"]), signed),
        ("serial", squeezed("発行番号" + data["serial"]), text),
        ("page-number", f"{number}/{total}頁", text),
        ("terminal", squeezed("端末番号" + data["terminal"]), text),
    )
    yield from (what for what, words, place in wanted if words not in place)
    if data["is_specimen"] and not text.startswith("見本"):
        yield "specimen"
    pictures = (("official-seal", OFFICIAL_SEAL), *((("code", FRONT_CODE),) if "code" in data else ()))
    yield from (what for what, name in pictures if name not in page.pictures)
    if any(squeezed(words) not in text for words in _words(front)):
        yield "field"


def _back(page: PageFound, data: Mapping[str, Any], number: int, total: int) -> Iterator[str]:
    text = squeezed(page.text)
    wanted = (
        ("serial", squeezed("発行番号" + data["serial"])),
        ("page-number", f"{number}/{total}頁の裏面"),
        ("terminal", squeezed("端末番号" + data["terminal"])),
    )
    yield from (what for what, words in wanted if words not in text)
    if BACK_CODE not in page.pictures:
        yield "code"


def _words(front: Mapping[str, Any]) -> Iterator[str]:
    """Every value that the code on the back will say of the front."""
    yield from (value for _, value in front["fields"])
    for line in (*front["table"], *front["rows"]):
        yield from line


def squeezed(text: str) -> str:
    return "".join(text.split())
