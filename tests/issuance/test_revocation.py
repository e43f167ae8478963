"""OCSP and fetched lists, asked over HTTP: each way in which an answer is not believed, alone. UNKNOWN never issues."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from issuance import fetch, folder, main
from issuance.app import make_app
from issuance.fetch import FetchError
from issuance.ocsp import OcspChecker
from issuance.revocation import CrlChecker, FirstThatKnows, Revocation, Standing, read_list
from issuance.town import TownError, read_town
from tests.issuance.desk_of import Server
from tests.issuance.people import DAY, NOW, Authority, Card, HandClock, make_folder
from tests.issuance.responders import Delegate, Says, http

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
GOOD = (Standing.GOOD, "")


def ask(says: Says, card: Card, **options: Any) -> tuple[Standing, str]:
    with http(says.answer) as url:
        found = OcspChecker(url, **options).check(card.certificate, card.authority.certificate, NOW)
    assert found.source == "ocsp"
    return found.standing, found.reason


@pytest.mark.parametrize("names_by", ["sha1", "sha256"])
def test_the_issuer_itself_clears_and_convicts(authority: Authority, names_by: str) -> None:
    card = Card(authority)
    assert ask(Says(authority), card, names_by=names_by) == GOOD
    assert ask(Says(authority, frozenset({card.serial})), card, names_by=names_by) == (Standing.REVOKED, "")


@pytest.mark.parametrize("encoding", list(ocsp.OCSPResponderEncoding), ids=lambda each: each.name)
@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(public_exponent=65537, key_size=2048)],
    ids=["p384", "rsa"],
)
def test_a_responder_that_the_issuer_authorised(
    authority: Authority, encoding: ocsp.OCSPResponderEncoding, key: Any
) -> None:
    delegate = Delegate(authority, key)
    says = Says(authority, frozenset({2}), delegate=delegate, names_responder_by=encoding)
    assert ask(says, Card(authority)) == GOOD
    assert ask(says, Card(authority, serial=2)) == (Standing.REVOKED, "")


def test_the_time_of_the_answer_is_kept(authority: Authority) -> None:
    with http(Says(authority).answer) as url:
        found = OcspChecker(url).check(Card(authority).certificate, authority.certificate, NOW)
    assert found == Revocation(Standing.GOOD, "ocsp", (NOW - DAY / 24).isoformat())


STRANGER = Authority()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": ocsp.OCSPCertStatus.UNKNOWN}, "responder-does-not-know"),
        ({"spoils_signature": True}, "signature"),
        ({"serial": 99}, "other-certificate"),
        ({"issuer": STRANGER}, "other-certificate"),
        ({"this_update": NOW + 6 * MINUTE}, "not-yet"),
        ({"next_update": NOW - 6 * MINUTE}, "stale"),
        ({"next_update": None, "this_update": NOW - 16 * MINUTE}, "stale"),
        ({"nonce": lambda _: bytes(32)}, "nonce"),
        ({"unsuccessful": ocsp.OCSPResponseStatus.TRY_LATER}, "responder-try-later"),
        ({"unsuccessful": ocsp.OCSPResponseStatus.UNAUTHORIZED}, "responder-unauthorized"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_an_answer_with_one_fault_clears_nobody(
    authority: Authority, change: dict[str, Any], reason: str
) -> None:
    assert ask(replace(Says(authority), **change), Card(authority)) == (Standing.UNKNOWN, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"authority": STRANGER}, "responder-issuer"),
        ({"ends": NOW - SECOND}, "responder-validity"),
        ({"begins": NOW + SECOND}, "responder-validity"),
        ({"usage": None}, "responder-not-authorised"),
        ({"usage": ExtendedKeyUsageOID.CLIENT_AUTH}, "responder-not-authorised"),
        ({"has_no_check": False}, "responder-may-be-revoked"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_responder_with_one_fault_is_not_authorised(
    authority: Authority, change: dict[str, Any], reason: str
) -> None:
    delegate = replace(Delegate(authority), **change)
    says = Says(authority, delegate=delegate)
    assert ask(says, Card(authority)) == (Standing.UNKNOWN, reason)


def test_a_residents_own_card_is_no_responder(authority: Authority) -> None:
    """It is issued by the same authority, and its holder would like to clear it."""
    card = Card(authority)

    class Holder(Delegate):
        certificate = card.certificate

    says = Says(authority, delegate=Holder(authority, card.key))
    assert ask(says, card) == (Standing.UNKNOWN, "responder-not-authorised")


def test_a_responder_whose_certificate_is_left_out_is_unknown(authority: Authority) -> None:
    says = Says(authority, delegate=Delegate(authority), leaves_certificate_out=True)
    assert ask(says, Card(authority)) == (Standing.UNKNOWN, "responder")


def test_another_generation_of_the_same_name_does_not_answer(authority: Authority) -> None:
    assert STRANGER.name == authority.name
    for encoding, reason in (
        (ocsp.OCSPResponderEncoding.HASH, "responder"),
        (ocsp.OCSPResponderEncoding.NAME, "signature"),
    ):
        says = Says(STRANGER, names_responder_by=encoding)
        assert ask(says, Card(authority)) == (Standing.UNKNOWN, reason)


def test_a_nonce_is_checked_when_it_is_there_and_required_where_the_town_says_so(
    authority: Authority,
) -> None:
    ahead = Says(authority, nonce=lambda _: None)
    assert ask(ahead, Card(authority)) == GOOD
    assert ask(ahead, Card(authority), is_nonce_required=True) == (Standing.UNKNOWN, "no-nonce")
    assert ask(Says(authority), Card(authority), is_nonce_required=True) == GOOD


def test_an_old_word_still_convicts(authority: Authority) -> None:
    says = Says(authority, frozenset({0x1001}), next_update=NOW - DAY)
    assert ask(says, Card(authority)) == (Standing.REVOKED, "")


# --- the way there --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"media_type": "text/html"}, "media-type"),
        ({"status": 503}, "http-503"),
        ({"status": 302}, "http-302"),
        ({"answer": lambda _: b"junk"}, "not-an-answer"),
        ({"answer": lambda _: bytes(fetch.ANSWER_MAX + 1)}, "too-large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_what_is_no_answer_is_unknown(authority: Authority, options: dict[str, Any], reason: str) -> None:
    with http(**({"answer": Says(authority).answer} | options)) as url:
        found = OcspChecker(url).check(Card(authority).certificate, authority.certificate, NOW)
    assert (found.standing, found.reason) == (Standing.UNKNOWN, reason)


def test_nobody_there_is_unknown(authority: Authority) -> None:
    with http(Says(authority).answer) as url:
        pass
    found = OcspChecker(url).check(Card(authority).certificate, authority.certificate, NOW)
    assert (found.standing, found.reason) == (Standing.UNKNOWN, "unreachable")


def test_one_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "WAIT_S", 0.2)
    end = threading.Event()

    def hang(_: bytes) -> bytes:
        end.wait()
        return b""

    with http(hang) as url:
        with pytest.raises(FetchError, match="timeout"):
            fetch.post_ocsp(url, b"")
        end.set()


@given(st.binary(max_size=300))
def test_no_answer_breaks_it(data: bytes) -> None:
    found = OcspChecker("http://nobody", post=lambda *_: data).check(
        Card(STRANGER).certificate, STRANGER.certificate, NOW
    )
    assert found.standing is Standing.UNKNOWN


@given(st.data())
def test_no_changed_byte_is_believed(data: st.DataObject) -> None:
    """Whatever is changed in a good answer, it is as good as before (in parts that nobody reads) or UNKNOWN; never
    another verdict."""
    says = Says(STRANGER, frozenset({0x1001}))
    at, byte = data.draw(st.integers(0, 200)), data.draw(st.integers(1, 255))

    def post(_: str, raw: bytes) -> bytes:
        answer = bytearray(says.answer(raw))
        answer[at % len(answer)] ^= byte
        return bytes(answer)

    found = OcspChecker("http://nobody", post=post).check(
        Card(STRANGER).certificate, STRANGER.certificate, NOW
    )
    assert found.standing in {Standing.REVOKED, Standing.UNKNOWN}


# --- one after the other --------------------------------------------------------------------------------


class Fixed:
    def __init__(self, standing: Standing, source: str, reason: str = "") -> None:
        self._answer, self.asked = Revocation(standing, source, "", reason), 0

    def check(self, *_: object) -> Revocation:
        self.asked += 1
        return self._answer


def test_the_first_that_knows_answers(authority: Authority) -> None:
    leaf, unknown = Card(authority).certificate, Fixed(Standing.UNKNOWN, "ocsp", "timeout")
    for standing in (Standing.GOOD, Standing.REVOKED):
        knows, never = Fixed(standing, "crl"), Fixed(Standing.GOOD, "never")
        found = FirstThatKnows([unknown, knows, never]).check(leaf, authority.certificate, NOW)
        assert (found.standing, found.source, never.asked) == (standing, "crl", 0)
    both = FirstThatKnows([unknown, Fixed(Standing.UNKNOWN, "crl", "stale")])
    found = both.check(leaf, authority.certificate, NOW)
    assert (found.standing, found.source, found.reason) == (Standing.UNKNOWN, "ocsp+crl", "timeout+stale")
    assert FirstThatKnows([]).check(leaf, authority.certificate, NOW).standing is Standing.UNKNOWN


# --- in the server --------------------------------------------------------------------------------------


def configure(path: Path, text: str) -> None:
    file = path / "town" / "municipality.toml"
    file.write_text(file.read_text(encoding="utf-8") + f"\n[revocation]\n{text}\n", encoding="utf-8")


def reopen(server: Server) -> None:
    server.office.store.close()
    again = folder.open_office(server.path, font=folder.FONT, clock=server.clock)
    server.office, server.app = again, make_app(again)


def test_the_server_asks_the_responder_and_notes_who_said_what_when(
    server: Server, cards: dict[str, Card], authority: Authority
) -> None:
    says = Says(authority, frozenset({cards["taro"].serial}))
    with http(says.answer) as url:
        configure(server.path, f'sources = ["ocsp"]\nocsp_url = "{url}"')
        reopen(server)
        assert server.authenticate(cards["hanako"])[1].status == 200
        assert server.authenticate(cards["taro"])[1].body["code"] == "C-104"
    assert server.authenticate(cards["hanako"])[1].body["code"] == "N-301"
    when = (NOW - DAY / 24).isoformat()
    assert server.audit()[-3:] == [
        f"authenticated ocsp {when}",
        f"refused C-104 revoked ocsp {when}",
        "refused N-301 revocation-unknown ocsp unreachable",
    ]


def test_a_responder_that_is_down_leaves_it_to_the_list(server: Server, cards: dict[str, Card]) -> None:
    with http(lambda _: b"") as url:
        pass
    configure(server.path, f'sources = ["ocsp", "crl"]\nocsp_url = "{url}"')
    reopen(server)
    assert server.authenticate(cards["hanako"])[1].status == 200
    assert server.audit()[-1].startswith("authenticated crl ")


def test_sources_are_checked_when_the_town_is_read(server: Server) -> None:
    configure(server.path, 'sources = ["ocsp"]')
    with pytest.raises(TownError, match="ocsp_url"):
        read_town(server.path / "town")


# --- lists that are fetched -----------------------------------------------------------------------------


def der(crl: x509.CertificateRevocationList) -> bytes:
    return crl.public_bytes(serialization.Encoding.DER)


def test_lists_are_fetched_checked_and_never_go_back(
    tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_folder(tmp_path / "server", authority, {"hanako": Card(authority)}, HandClock())
    for old in (path / "jpki" / "crl").iterdir():
        old.unlink()
    shown = [der(authority.crl(this_update=NOW - DAY))]
    with http(lambda _: shown[0], "application/pkix-crl") as url:
        configure(path, f'crl_urls = ["{url}"]')

        def fetched() -> tuple[int, str]:
            code = main.main(["fetch-crl", "--dir", str(path)])
            return code, capsys.readouterr().out.split()[0]

        def standing() -> Standing:
            checker = CrlChecker(path / "jpki" / "crl")
            return checker.check(Card(authority).certificate, authority.certificate, NOW).standing

        assert standing() is Standing.UNKNOWN
        assert fetched() == (0, "fetched")
        assert fetched() == (0, "same")
        assert standing() is Standing.GOOD
        shown[0] = der(authority.crl(0x1001, this_update=NOW - DAY / 2))
        assert fetched() == (0, "fetched")
        assert standing() is Standing.REVOKED
        shown[0] = der(authority.crl(this_update=NOW - DAY))
        assert fetched() == (1, "older-than-ours")
        shown[0] = der(STRANGER.crl(this_update=NOW))
        assert fetched() == (1, "of-nobody-pinned")
        shown[0] = b"junk"
        assert fetched() == (1, "not-a-list")
        assert standing() is Standing.REVOKED
    assert fetched() == (1, "unreachable")


def test_no_addresses_is_said(tmp_path: Path, authority: Authority) -> None:
    path = make_folder(tmp_path / "server", authority, {}, HandClock())
    assert main.main(["fetch-crl", "--dir", str(path)]) == 1


@given(st.binary(max_size=200))
def test_a_list_is_read_or_is_none(data: bytes) -> None:
    assert read_list(data) is None
