"""Clients in the manners of open projects on the virtual card, each with its switches, and refused without."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from drivers.jpki.sim.box import Options
from tests.contract.cards import PIN, SIGN_SECRET, box, card
from tests.contract.strangers import CardSaysError, CountsAll, ExactSizes, FixedPlaces, SelectsAgain

HANAKO = ["例示　花子", "例示県例示市中央一丁目１番１号", "19410303", "2"]
LONG, LENIENT = Options(is_long_form=True), Options(is_lenient=True)


def stored(name: str) -> bytes:
    return (box() / "cards" / "hanako" / f"{name}.cer").read_bytes()


def public(name: str) -> rsa.RSAPublicKey:
    key = x509.load_der_x509_certificate(stored(name)).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def test_one_reads_at_fixed_places_where_lengths_are_long() -> None:
    client = FixedPlaces(card(options=LONG).answer)
    assert client.attributes(PIN.encode()) == HANAKO
    sign, authority = client.sign_certificates(SIGN_SECRET.encode())
    assert sign.startswith(stored("sign"))
    assert x509.load_pem_x509_certificate((box() / "pki" / "sign-ca.pem").read_bytes()).serial_number
    assert authority[:2] == b"\x30\x82"


def test_it_reads_nonsense_where_they_are_short() -> None:
    client = FixedPlaces(card().answer)
    with pytest.raises((UnicodeDecodeError, IndexError, AssertionError)):
        assert client.attributes(PIN.encode()) == HANAKO


def test_one_selects_again_where_the_card_lets_it() -> None:
    client = SelectsAgain(card(options=LENIENT).answer)
    assert "例示　花子".encode() in client.text(PIN.encode())
    signature = client.signature(PIN.encode(), b"message")
    public("auth").verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("options", "why"), [(Options(), "6982"), (Options(is_long_form=True, is_lenient=True), "a length")]
)
def test_it_is_refused_by_a_strict_card_and_lost_in_long_lengths(options: Options, why: str) -> None:
    with pytest.raises(CardSaysError, match=why):
        SelectsAgain(card(options=options).answer).text(PIN.encode())


@pytest.mark.parametrize(
    ("device", "label"),
    [("card", "JPKIAPICCTOKEN2"), ("android", "JPKIAPGPSETOKEN"), ("iphone", "JPKIAPIOSTOKEN")],
)
def test_one_wants_exact_sizes_and_padded_labels(device: str, label: str) -> None:
    client = ExactSizes(card(options=Options(device=device)).answer)
    for size in (0x20, 160):
        assert client.label(size) == f"{label:<32}"
    if device == "android":
        with pytest.raises(CardSaysError, match="6982"):
            client.certificate("000A")
    else:
        name = "auth" if device == "card" else "phone/auth"
        assert client.certificate("000A").startswith(stored(name))
    if device == "card":
        assert client.sizes(PIN.encode()) == [17, 336, 568, 256]


def test_one_counts_everything_and_signs_without_the_null() -> None:
    on = card()
    client = CountsAll(on.answer)
    tries = client.all_tries()
    assert len(tries) == 10 and tries["0001", "0018"] == 3 and tries["0001", "001B"] == 5
    assert {left for (_, fid), left in tries.items() if fid in ("0012", "0013", "0014", "0015")} == {10}
    assert client.certificate("000A") == stored("auth")
    assert (len(client.common_record()), client.common_record()[15:20]) == (28, "99201")
    signature = client.signature(PIN.encode(), b"message")
    with pytest.raises(InvalidSignature):  # the card signs what it is given; a careful verifier refuses it
        public("auth").verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())
    recovered = public("auth").recover_data_from_signature(signature, padding.PKCS1v15(), None)
    assert len(recovered) == 49
    assert on.memory["jpki.auth"].left == 3


def test_the_strangers_know_nothing_of_us() -> None:
    source = (Path(__file__).parent / "strangers.py").read_text(encoding="utf-8")
    assert not [
        line for line in source.splitlines() if "import" in line and ("drivers" in line or "kiosk" in line)
    ]
