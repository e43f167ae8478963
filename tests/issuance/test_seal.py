"""The visible seal: signed by the town, read from the drawn paper by a reader, and worth nothing when touched."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from issuance import folder, seal
from issuance.main import main
from issuance.seal import Claim, Sealer, cbor
from tests.issuance.desk_of import Server
from tests.issuance.people import Card

KEY = Ed25519PrivateKey.generate()
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
KEYS = {seal.key_id(KEY.public_key()): KEY.public_key()}
CLAIM = Claim("99201", "juminhyo", "2026-00000123-94", 1795230000)
TEXT = Sealer(PEM, "https://www.city.reiji.example/verify").text(CLAIM)


@pytest.mark.parametrize(
    ("item", "encoded"),
    [  # RFC 8949, appendix A
        (0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"), (1000000, "1a000f4240"),
        (1000000000000, "1b000000e8d4a51000"), (-1, "20"), (-10, "29"), (-100, "3863"), (b"", "40"),
        (b"\x01\x02\x03\x04", "4401020304"), ("", "60"), ("IETF", "6449455446"), ("水", "63e6b0b4"),
        ([], "80"), ([1, [2, 3], [4, 5]], "8301820203820405"), ({}, "a0"),
        ({1: 2, 3: 4}, "a201020304"), ({3: 4, 1: 2}, "a201020304"),
    ],
)  # fmt: skip
def test_cbor_is_the_standards(item: seal.Item, encoded: str) -> None:
    assert cbor(item).hex() == encoded


def test_a_seal_says_what_was_sealed() -> None:
    assert seal.read(TEXT, KEYS) == CLAIM
    address, _, fragment = TEXT.partition("#")
    assert address == "https://www.city.reiji.example/verify"
    raw = base64.urlsafe_b64decode(fragment + "==")
    # COSE_Sign1, read by hand: tag 18, [protected, {}, payload, 64 bytes]; alg EdDSA (-8), kid.
    assert raw.startswith(bytes.fromhex("d2844da201270448") + next(iter(KEYS)) + b"\xa0\x58")
    assert raw[-66:-64] == b"\x58\x40"


@given(st.integers(0, len(TEXT) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_seal_that_was_touched_is_none(at: int, char: str) -> None:
    touched = TEXT[:at] + char + TEXT[at + 1 :]
    found = seal.read(touched, KEYS)
    # The address is not signed, and base64's last character has bits to spare.
    assert found in {None, CLAIM}
    if TEXT.index("#") < at < len(TEXT) - 1 and char != TEXT[at]:
        assert found is None


@given(st.binary(max_size=200))
def test_anything_else_is_none(data: bytes) -> None:
    assert seal.read("#" + base64.urlsafe_b64encode(data).decode(), KEYS) is None
    assert seal.read("#" + base64.urlsafe_b64encode(b"\xd2\x84" + data).decode(), KEYS) is None


def test_another_towns_key_is_none() -> None:
    other = Ed25519PrivateKey.generate().public_key()
    assert seal.read(TEXT, {}) is None
    assert seal.read(TEXT, {next(iter(KEYS)): other}) is None


@pytest.mark.parametrize("kind", ["juminhyo", "inkan_shomei", "kazei_shomei"])
def test_every_page_carries_a_seal_that_a_reader_reads(
    server: Server, cards: dict[str, Card], tmp_path: Path, kind: str
) -> None:
    """At 200 dpi, as an office's scanner gives it."""
    options = {"whom": "household"} if kind == "juminhyo" else {}
    _, prepared = server.prepared(cards["goro" if options else "taro"], kind=kind, options=options)
    pages = _scan(prepared.body["pdf"], tmp_path, 200)
    assert len(pages) == (4 if options else 2)
    for page in pages[::2]:
        (text,) = _texts(page)
        claim = seal.read(text, folder.seal_keys(server.path))
        at = int(server.clock.at.timestamp())
        assert claim == Claim("99201", kind, prepared.body["serial"], at)


def test_a_paper_is_looked_up_at_the_counter(
    server: Server, cards: dict[str, Card], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids, prepared = server.prepared(cards["hanako"])
    serial = prepared.body["serial"]
    scan, back = _scan(prepared.body["pdf"], tmp_path, 150)
    look = ["check-seal", "--dir", str(server.path), "--picture", str(scan)]
    told = []
    for act in ("", "commit", "void"):
        if act:
            server.post(f"/v1/documents/{serial}/{act}", ids | ({"reason": "test"} if act == "void" else {}))
        assert main(look) == 0
        told.append(capsys.readouterr().out)
    expected = f"{serial} juminhyo 2026-11-21 12:00 "
    assert told == [f"{expected}{state}\n" for state in ("prepared", "issued", "void")]
    assert main([*look[:-1], str(back)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{expected}void"
    assert "  氏名  例示　花子" in said
    Image.new("L", (200, 200), 255).save(tmp_path / "empty.png")
    assert main([*look[:-1], str(tmp_path / "empty.png")]) == 1


def test_after_a_new_key_old_papers_are_still_known(
    server: Server, cards: dict[str, Card], tmp_path: Path
) -> None:
    before = server.office.sealer.text(CLAIM)
    assert main(["rotate-seal", "--dir", str(server.path)]) == 0
    assert len(list((server.path / "seal").glob("*.key"))) == 1
    after = folder.open_office(server.path, font=folder.FONT, clock=server.clock, store=server.office.store)
    sealed = after.sealer.text(CLAIM)
    keys = folder.seal_keys(server.path)
    assert len(keys) == 2
    assert seal.read(before, keys) == seal.read(sealed, keys) == CLAIM
    assert before != sealed


def test_a_seal_names_nobody(server: Server, cards: dict[str, Card], tmp_path: Path) -> None:
    _, prepared = server.prepared(cards["hanako"])
    scan, _ = _scan(prepared.body["pdf"], tmp_path, 150)
    raw = base64.urlsafe_b64decode(_texts(scan)[0].partition("#")[2] + "==")
    person = server.office.register.resident("hanako")
    assert person is not None
    for secret in (person.name, person.birth.isoformat(), person.address, person.id, prepared.body["serial"]):
        assert (secret.encode() in raw) is (secret == prepared.body["serial"])


def _scan(pdf: str, tmp_path: Path, dpi: int) -> list[Path]:
    file = tmp_path / "paper.pdf"
    file.write_bytes(base64.b64decode(pdf))
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-gray", "-png", str(file), str(tmp_path / "page")], check=True
    )
    return sorted(tmp_path.glob("page*.png"))


def _texts(page: Path) -> list[str]:
    with Image.open(page) as picture:
        return seal.texts_in(picture)
