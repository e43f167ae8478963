"""What is inside the files of the authentication application, from cards that mean well and from others."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from drivers.jpki import codec, common, tlv
from drivers.jpki.application import Jpki, NotAllowed, NotFound
from drivers.jpki.processors import GetResponse, Plain, ShortOnly
from drivers.jpki.profile import AUTH, profile_of
from drivers.jpki.rsa import digest_info
from drivers.jpki.sim import applications
from kiosk.errors import PeerProtocolError
from kiosk.ports import CardKind
from tests.contract.cards import box


def _certificate() -> bytes:
    return (box() / "cards" / "hanako" / "auth.cer").read_bytes()


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("JPKIAPICCTOKEN2", CardKind.MY_NUMBER),
        ("JPKIAPGPSETOKEN", CardKind.ANDROID),
        ("JPKIAPIOSTOKEN", CardKind.IPHONE),
        ("JPKIAPICCTOKEN", None),
        ("", None),
    ],
)
def test_the_label_tells_the_kind(label: str, kind: CardKind | None) -> None:
    assert (profile.kind if (profile := profile_of(applications.token_information(label))) else None) is kind
    assert len(applications.token_information(label)) == 160


def test_a_label_cut_short_is_refused() -> None:
    with pytest.raises(PeerProtocolError):
        profile_of(b"JPKIAPICCTOKEN2")


def test_padding_is_not_part_of_the_certificate() -> None:
    der = _certificate()
    assert codec.certificate_length(der + b"\xff" * 500) == len(der)


def test_the_key_is_the_one_that_others_find() -> None:
    key = x509.load_der_x509_certificate(_certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    found = codec.rsa_public_key(_certificate())
    assert (found.n, found.e) == (key.public_numbers().n, key.public_numbers().e)


def test_the_digest_info_has_its_null() -> None:
    info = digest_info(b"message")
    assert len(info) == 51
    assert info[:19].hex() == "3031300d060960864801650304020105000420"


def test_an_elliptic_key_is_refused_in_words() -> None:
    spki = (
        ec.generate_private_key(ec.SECP384R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    fields = b"".join(tlv.write(0x30, b"") for _ in range(5))
    certificate = tlv.write(0x30, tlv.write(0x30, tlv.write(0xA0, b"\2\1\2") + fields + spki))
    with pytest.raises(PeerProtocolError):
        codec.rsa_public_key(certificate)


@given(st.integers(0, 1300), st.integers(0, 255))
def test_a_corrupted_certificate_is_a_key_or_a_protocol_error(at: int, byte: int) -> None:
    der = bytearray(_certificate())
    der[at % len(der)] = byte
    try:
        codec.certificate_length(bytes(der[:64]))
        codec.rsa_public_key(bytes(der))
        codec.is_signed_by(bytes(der), b"message", bytes(256))
    except PeerProtocolError:
        return


@given(st.binary(max_size=300))
def test_a_garbled_signature_is_not_by_this_key(signature: bytes) -> None:
    assert not codec.is_signed_by(_certificate(), b"message", signature)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x1c",
        b"\x01\x1c" + b"0" * 27,
        b"\x01\x1b" + b"0" * 28,
        b"\x01\x1c" + b"0" * 20 + b"2035121x",
    ],
)
def test_what_is_no_common_record_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        common.decode_record(data)


@given(st.binary(max_size=64))
def test_garbage_in_files_is_a_value_or_a_protocol_error(data: bytes) -> None:
    for read in (
        profile_of,
        common.decode_record,
        codec.certificate_length,
        codec.rsa_public_key,
        codec.has_sign_certificate,
    ):
        try:
            read(data)
        except PeerProtocolError:
            continue


@given(st.lists(st.binary(max_size=60), max_size=12), st.integers(0, 5))
def test_an_application_survives_any_card(answers: list[bytes], first: int) -> None:
    rest = iter(answers)

    class Card:
        def transmit(self, command: bytearray) -> bytes:
            return next(rest, b"\x90\x00")

    jpki = Jpki(ShortOnly(GetResponse(Plain(Card()))))
    calls = (
        jpki.open,
        jpki.token,
        lambda: jpki.certificate(AUTH),
        lambda: jpki.tries_of(AUTH),
        lambda: jpki.verify_secret(AUTH, bytearray(b"1234")),
        lambda: jpki.sign_message(AUTH, b"message"),
    )
    for call in (*calls[first:], *calls[:first]):
        try:
            call()
        except (PeerProtocolError, NotFound, NotAllowed):
            continue
