"""From an order to its paper: composed, guarded, sealed, drawn, and looked at before anybody signs for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from issuance import check, paper, seal
from issuance.names import NameGuard
from issuance.paper import Issue
from issuance.register import Records, Resident
from issuance.render import Renderer, RenderError
from issuance.seal import Claim, Sealer, Sheet
from issuance.town import Kind, Town

TWO_SIDED = "two-sided-long-edge"
ONE_SIDED = "one-sided"
"""As IPP names them (PWG 5100.1)."""


class Subject(msgspec.Struct, frozen=True):
    """Whose paper, and what of it was asked for."""

    people: tuple[Resident, ...]
    household: tuple[Resident, ...]
    choices: Mapping[str, str]
    records: Records


class Drawing(msgspec.Struct, frozen=True):
    """A drawn paper, and the names on it."""

    pdf: bytes
    pages: int
    sides: str
    names: tuple[str, ...]


class Draughtsman:
    """Draws papers of one town."""

    def __init__(self, town: Town, guard: NameGuard, sealer: Sealer, renderer: Renderer) -> None:
        self._town = town
        self._guard = guard
        self._sealer = sealer
        self._renderer = renderer

    def draw(self, kind: Kind, issue: Issue, subject: Subject) -> Drawing | str:
        """The paper, or why there is none: `glyph`, `not-drawn`, or what a page lacks (for the audit log; nothing of
        anybody)."""
        data = paper.compose(
            self._town, kind, issue, subject.people, subject.household, subject.choices, subject.records
        )
        if not self._guard.can_draw(paper.texts(data)):
            return "glyph"
        fronts = [paper.printed(kind, data, at) for at in range(len(data["sheets"]))]
        data |= self._codes(kind, issue, fronts)
        try:
            pdf, pages = self._renderer.render(kind.key, data, issue.at)
        except RenderError:
            return "not-drawn"
        if faults := check.faults(pages, data, fronts):
            return "incomplete: " + ", ".join(faults)
        return Drawing(
            pdf, len(pages), TWO_SIDED if self._town.has_backs else ONE_SIDED, tuple(data["names"])
        )

    def _codes(self, kind: Kind, issue: Issue, fronts: list[dict[str, Any]]) -> dict[str, Any]:
        claim = Claim(self._town.code, kind.key, issue.serial, int(issue.at.timestamp()))
        codes: dict[str, Any] = {"code": list(seal.draw(self._sealer.text(claim)))}
        if self._town.has_backs:
            sheets = [Sheet(at + 1, len(fronts), **front) for at, front in enumerate(fronts)]
            codes["backs"] = [list(seal.draw(self._sealer.back_text(claim, sheet))) for sheet in sheets]
        return codes
