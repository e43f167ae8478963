"""Text and face of a card are believed only behind a pinned root, whole, and from the card itself."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.jpki import cv, surface, text, tlv
from drivers.jpki.application import Application, NotAllowed
from drivers.jpki.cv import NotBelieved, Roots
from drivers.jpki.processors import Plain, ShortOnly
from drivers.jpki.rsa import RsaKey
from drivers.jpki.sim import applications, pki
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.persons import PERSONS
from drivers.jpki.surface import SurfaceApplication
from drivers.jpki.text import TextApplication
from kiosk.errors import PeerProtocolError
from tests.contract.cards import box, card

HANAKO = PERSONS["hanako"]
FRESH = bytes(range(32))


@cache
def _root(name: str, prefix: str) -> Roots:
    key = pki.read_key(box() / "pki" / f"{name}.key.pem")
    numbers = key.public_key().public_numbers()
    return {applications.key_id(prefix, key): RsaKey(numbers.n, numbers.e)}


def _text_roots() -> Roots:
    return _root("cv-text", "9000033F")


def _surface_roots() -> Roots:
    return _root("cv-surface", "9000023F")


def _b() -> bytearray:
    on = card()
    return bytearray(on.memory["number.b"].value.encode())


def _text(options: Options | None = None) -> TextApplication:
    made = TextApplication(ShortOnly(Plain(card(options=options))))
    made.open()
    return made


def _surface(options: Options | None = None) -> SurfaceApplication:
    made = SurfaceApplication(ShortOnly(Plain(card(options=options))))
    made.open()
    return made


@pytest.mark.parametrize("is_long", [False, True])
def test_facts_are_read_and_believed_in_either_length_form(is_long: bool) -> None:
    on = _text(Options(is_long_form=is_long))
    with pytest.raises(NotAllowed):
        on.believed_facts(_text_roots())
    assert on.verify_number_b(_b()).wrong is None
    facts = on.believed_facts(_text_roots())
    assert (facts.name, facts.address, facts.birth, facts.sex) == (
        HANAKO.name,
        HANAKO.address,
        "19410303",
        "2",
    )
    assert HANAKO.name not in repr(facts)


def test_facts_open_with_the_pin_too() -> None:
    on = _text()
    assert on.verify_pin(bytearray(b"1234")).wrong is None
    assert on.believed_facts(_text_roots()).birth == "19410303"


@pytest.mark.parametrize("is_long", [False, True])
def test_the_face_is_read_and_believed(is_long: bool) -> None:
    on = _surface(Options(is_long_form=is_long))
    assert on.verify_number_b(_b()).wrong is None
    face = on.believed_face(_surface_roots(), FRESH)
    assert face.birth == b"19410303" and face.photo[4:8] == b"jP  "


def test_a_root_that_is_not_pinned_is_nobody() -> None:
    on = _text()
    on.verify_number_b(_b())
    for roots in ({}, _surface_roots(), dict.fromkeys(_text_roots(), next(iter(_surface_roots().values())))):
        with pytest.raises(NotBelieved, match="signer"):
            on.believed_facts(roots)


def test_a_copied_face_without_the_card_key_is_not_believed() -> None:
    real, copy = _surface(), _surface()
    copy.verify_number_b(_b())
    copy._sign_with_card_key = lambda message: real._sign_with_card_key(b"recorded before")  # type: ignore[method-assign]
    with pytest.raises(NotBelieved, match="card"):
        copy.believed_face(_surface_roots(), FRESH)


@pytest.mark.parametrize(
    ("record", "text_is_good", "face_fault"),
    [
        ("genuine", True, ""),
        ("bad-signature", False, "face"),
        ("other-photo", True, "face"),
        ("copied", True, "card"),
    ],
)
def test_each_forgery_is_found(record: str, text_is_good: bool, face_fault: str) -> None:
    options = Options(record=record)
    on = _text(options)
    on.verify_number_b(_b())
    if text_is_good:
        on.believed_facts(_text_roots())
    else:
        with pytest.raises(NotBelieved, match="record"):
            on.believed_facts(_text_roots())
    face = _surface(options)
    face.verify_number_b(_b())
    if face_fault:
        with pytest.raises(NotBelieved, match=face_fault):
            face.believed_face(_surface_roots(), FRESH)
    else:
        face.believed_face(_surface_roots(), FRESH)


def _files(app: Application, names: tuple[int, ...]) -> list[bytes]:
    return [app.read_object(each, cv.object_length) for each in names]


@given(st.data())
def test_no_changed_byte_of_the_text_is_believed(data: st.DataObject) -> None:
    on = _text()
    on.verify_number_b(_b())
    files = _files(on, (text.EF_FACTS, text.EF_RECORD, text.EF_SIGNER))
    which = data.draw(st.integers(0, 2))
    at = data.draw(st.integers(0, len(files[which]) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = bytearray(files[which])
    changed[at] ^= bit
    genuine = text.believe(files[0], files[1], files[2], _text_roots())
    files[which] = bytes(changed)
    try:
        found = text.believe(files[0], files[1], files[2], _text_roots())
    except (NotBelieved, PeerProtocolError):
        return
    assert found == genuine  # the table of offsets is neither signed nor used


@given(st.data())
def test_no_changed_byte_of_the_face_is_believed(data: st.DataObject) -> None:
    on = _surface()
    on.verify_number_b(_b())
    face, certificate = _files(on, (surface.EF_FACE, surface.EF_SIGNER))
    inside = tlv.read_tagged(face, 0xFF20).value
    unsigned = len(face) - len(inside) + inside.index(bytes.fromhex("DF29"))
    begin = len(face) - len(inside) + tlv.read(inside)[1]
    at = data.draw(st.integers(begin, unsigned - 1))
    changed = bytearray(face)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((NotBelieved, PeerProtocolError)):
        surface.believe(bytes(changed), certificate, _surface_roots())


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_garbage_is_refused(one: bytes, two: bytes, three: bytes) -> None:
    with pytest.raises((NotBelieved, PeerProtocolError)):
        text.believe(one, two, three, _text_roots())
    with pytest.raises((NotBelieved, PeerProtocolError)):
        surface.believe(one, three, _surface_roots())


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {0xDF22: b"", 0xDF23: b"x", 0xDF24: b"19410303", 0xDF25: b"2"},
        {0xDF22: b"x", 0xDF23: b"x", 0xDF24: b"1941-3-3", 0xDF25: b"2"},
        {0xDF22: b"x", 0xDF23: b"x", 0xDF24: b"19410303", 0xDF25: b"5"},
        {0xDF22: b"\xff\xfe", 0xDF23: b"x", 0xDF24: b"19410303", 0xDF25: b"2"},
    ],
)
def test_facts_in_a_wrong_form_are_refused(facts: dict[int, bytes]) -> None:
    data = tlv.write(0xFF20, b"".join(tlv.write(tag, each) for tag, each in facts.items()))
    with pytest.raises(PeerProtocolError):
        text.decode_facts(data)
