"""A town changes a certificate, or adds one, without touching code."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from issuance import folder
from issuance.drawing import Drawing
from issuance.town import read_kinds
from tests.issuance import papers
from tests.issuance.desk_of import Server
from tests.issuance.papers import draughtsman, draw
from tests.issuance.people import Authority, Card

CONTRIBUTING = folder.HERE.parent / "CONTRIBUTING.md"


def test_the_certificate_of_contributing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own words, put where it says, are a whole certificate with its back."""
    page = CONTRIBUTING.read_text(encoding="utf-8")
    page = page[page.index("## Add a certificate") : page.index("## Add a language")]
    kind, template = re.findall(r"```(?:toml|typst)\n(.*?)```", page, re.DOTALL)[:2]
    certificates = tmp_path / "certificates"
    shutil.copytree(folder.CERTIFICATES, certificates)
    added = certificates / "jusho_shomei"
    added.mkdir()
    (added / "kind.toml").write_text(kind, encoding="utf-8")
    (added / "template.typ").write_text(template, encoding="utf-8")
    monkeypatch.setattr(papers, "KINDS", read_kinds(certificates))
    drawn = draw(draughtsman(certificates=certificates), "yoshiko", "jusho_shomei")
    assert isinstance(drawn, Drawing), drawn
    assert (drawn.pages, len(drawn.names)) == (2, 1)


def test_a_towns_own_copy_is_the_one_that_is_used(
    tmp_path: Path, authority: Authority, cards: dict[str, Card]
) -> None:
    server = Server(tmp_path / "server", authority, cards, "")
    try:
        assert folder.certificates_of(server.path) == folder.CERTIFICATES
        own = server.path / "town" / "certificates"
        shutil.copytree(folder.CERTIFICATES, own)
        text = (own / "inkan_shomei" / "kind.toml").read_text(encoding="utf-8")
        (own / "inkan_shomei" / "kind.toml").write_text(
            text.replace("相違ないことを", "違いないことを"), encoding="utf-8"
        )
        office = folder.open_office(
            server.path, font=folder.FONT, clock=server.clock, store=server.office.store
        )
        assert "違いないことを" in office.kinds["inkan_shomei"].attestation["self"]
    finally:
        server.close()
