"""Each reason to reject a card, alone: a card that is good but for that one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuance import auth
from issuance.auth import Accepted, CertificateJudge, Rejected
from issuance.folder import FONT, SetupError, open_office, trust
from issuance.problems import Code
from issuance.revocation import CrlChecker, Revocation, Standing
from tests.issuance.people import DAY, NOW, USAGE, Authority, Card, HandClock, make_folder

SECOND = timedelta(seconds=1)
SIGN_POLICY = "1.2.392.200149.8.5.1.1.20"


class Fixed:
    """A checker with one answer."""

    def __init__(self, standing: Standing = Standing.GOOD) -> None:
        self._answer = Revocation(standing, "test")

    def check(self, leaf: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Revocation:
        return self._answer


def judge(
    card: Card, *roots: Authority, standing: Standing = Standing.GOOD, at: datetime = NOW
) -> Accepted | Rejected:
    certificates = [root.certificate for root in roots or (card.authority,)]
    return CertificateJudge(certificates, Fixed(standing)).judge(card.certificate, at)


def reason(verdict: Accepted | Rejected) -> tuple[Code, str]:
    assert isinstance(verdict, Rejected)
    return verdict.code, verdict.reason


def test_a_good_card_is_good(authority: Authority) -> None:
    verdict = judge(Card(authority))
    assert isinstance(verdict, Accepted)
    fingerprint = authority.certificate.fingerprint(hashes.SHA256()).hex()
    assert verdict.link == f"{fingerprint}:1001"
    assert not verdict.ends_soon


def test_an_ending_card_is_good_and_says_so(authority: Authority) -> None:
    verdict = judge(Card(authority, ends=NOW + 89 * DAY))
    assert isinstance(verdict, Accepted)
    assert verdict.ends_soon


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ends": NOW - SECOND}, (Code.EXPIRED, "expired")),
        ({"begins": NOW + SECOND}, (Code.NOT_YET_VALID, "not-yet-valid")),
        ({"usage": None}, (Code.NOT_MY_NUMBER, "key-usage")),
        ({"usage": USAGE | {"digital_signature": False}}, (Code.NOT_MY_NUMBER, "key-usage")),
        ({"usage": USAGE | {"content_commitment": True}}, (Code.NOT_MY_NUMBER, "key-usage")),
        ({"usage": USAGE | {"key_cert_sign": True}}, (Code.NOT_MY_NUMBER, "key-usage")),
        ({"extended": None}, (Code.NOT_MY_NUMBER, "extended-key-usage")),
        ({"extended": [ExtendedKeyUsageOID.SERVER_AUTH]}, (Code.NOT_MY_NUMBER, "extended-key-usage")),
        ({"policy": None}, (Code.NOT_MY_NUMBER, "policy")),
        ({"policy": "1.2.392.200149.8.5.1.3.31"}, (Code.NOT_MY_NUMBER, "policy")),
        ({"policy": SIGN_POLICY}, (Code.SIGN_CERTIFICATE, "sign-certificate")),
        ({"is_authority": True}, (Code.NOT_MY_NUMBER, "basic-constraints")),
        ({"critical": x509.InhibitAnyPolicy(0)}, (Code.NOT_MY_NUMBER, "critical-extension")),
        ({"key": ec.generate_private_key(ec.SECP521R1())}, (Code.NOT_MY_NUMBER, "key")),
        (
            {"key": rsa.generate_private_key(public_exponent=65537, key_size=1024)},
            (Code.NOT_MY_NUMBER, "key"),
        ),
        ({"digest": hashes.SHA224()}, (Code.NOT_MY_NUMBER, "key")),
    ],
    ids=lambda value: str(value[1]) if isinstance(value, tuple) else "-".join(value),
)
def test_one_fault_is_enough(
    authority: Authority, change: dict[str, Any], expected: tuple[Code, str]
) -> None:
    assert reason(judge(replace(Card(authority), **change))) == expected


def test_the_signing_certificate_is_not_for_authentication(authority: Authority) -> None:
    """署名用: nonRepudiation, its own policy and its own issuer. It is told as what it is, not as a forgery."""
    for issuer in (authority, Authority()):
        sign = Card(issuer, usage=USAGE | {"content_commitment": True}, extended=None, policy=SIGN_POLICY)
        assert reason(judge(sign, authority)) == (Code.SIGN_CERTIFICATE, "sign-certificate")


def test_a_basic_constraints_that_says_no_authority_is_fine(authority: Authority) -> None:
    assert isinstance(judge(Card(authority, is_authority=False)), Accepted)


def test_a_chain_of_the_same_name_is_still_foreign(authority: Authority) -> None:
    """Three generations of JPKI share one name: only the signature tells whose child a certificate is."""
    stranger = Authority()
    assert stranger.name == authority.name
    assert reason(judge(Card(stranger), authority)) == (Code.UNKNOWN_ISSUER, "issuer")


def test_the_right_generation_is_found_by_signature() -> None:
    generations = [Authority() for _ in range(3)]
    verdict = judge(Card(generations[2]), *generations)
    assert isinstance(verdict, Accepted)
    assert verdict.link.startswith(generations[2].certificate.fingerprint(hashes.SHA256()).hex())


def test_an_expired_root_opens_nothing() -> None:
    old = Authority(ends=NOW - SECOND)
    assert reason(judge(Card(old))) == (Code.UNKNOWN_ISSUER, "issuer-validity")


@pytest.mark.parametrize("change", [{"is_authority": False}, {"is_authority": None}, {"usage": False}])
def test_a_root_that_may_not_issue_opens_nothing(
    authority: Authority, tmp_path: Path, change: dict[str, Any]
) -> None:
    """Pinned by mistake, a resident's certificate would make its holder an authority."""
    wrong = replace(authority, **change)
    assert reason(judge(Card(wrong))) == (Code.UNKNOWN_ISSUER, "issuer-constraints")
    path = make_folder(tmp_path / "server", authority, {}, HandClock())
    (path / "ca.pem").write_bytes(wrong.certificate.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(SetupError, match="may not issue"):
        trust(path, roots=[path / "ca.pem"], crls=[], links=path / "links.csv", clock=HandClock())


def test_without_roots_nobody_is_known(authority: Authority) -> None:
    verdict = CertificateJudge([], Fixed()).judge(Card(authority).certificate, NOW)
    assert reason(verdict) == (Code.UNKNOWN_ISSUER, "issuer")


def test_revoked(authority: Authority) -> None:
    assert reason(judge(Card(authority), standing=Standing.REVOKED)) == (Code.REVOKED, "revoked")


def test_unknown_revocation_never_issues(authority: Authority) -> None:
    assert reason(judge(Card(authority), standing=Standing.UNKNOWN)) == (Code.COUNTER, "revocation-unknown")


def test_a_version_that_no_certificate_has_is_none_and_no_failure(authority: Authority) -> None:
    """The library raises an error of its own for it; found by the campaign (campaign_judge.py)."""
    der = bytearray(Card(authority).der)
    at = der.index(bytes.fromhex("A003020102"))
    der[at + 4] = 0x53
    assert auth.read_certificate(bytes(der)) is None


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"junk", bytes(2000)])
def test_junk_is_no_certificate(junk: bytes) -> None:
    assert auth.read_certificate(junk) is None


# --- signatures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", [None, ec.SECP256R1(), ec.SECP384R1()], ids=["rsa", "p256", "p384"])
def test_a_signature_is_of_its_key_and_message(authority: Authority, curve: ec.EllipticCurve | None) -> None:
    """P-384 with SHA-384 is what the next card is announced to do."""
    card = Card(authority) if curve is None else Card(authority, key=ec.generate_private_key(curve))
    signature = card.sign(b"message")
    assert auth.is_signed(card.certificate, signature, b"message")
    assert not auth.is_signed(card.certificate, signature, b"another")
    assert not auth.is_signed(card.certificate, signature[:-1] + b"\x00", b"message")
    assert not auth.is_signed(card.certificate, b"", b"message")


# --- revocation lists -----------------------------------------------------------------------------------


def standing(folder: Path, card: Card, at: datetime = NOW) -> tuple[Standing, str]:
    found = CrlChecker(folder).check(card.certificate, card.authority.certificate, at)
    return found.standing, found.reason


def drop(folder: Path, crl: x509.CertificateRevocationList, name: str = "a.crl") -> None:
    (folder / name).write_bytes(crl.public_bytes(serialization.Encoding.DER))


def test_a_fresh_list_clears_and_convicts(tmp_path: Path, authority: Authority) -> None:
    drop(tmp_path, authority.crl(0x2002))
    assert standing(tmp_path, Card(authority)) == (Standing.GOOD, "")
    assert standing(tmp_path, Card(authority, serial=0x2002)) == (Standing.REVOKED, "")


def test_no_list_is_unknown(tmp_path: Path, authority: Authority) -> None:
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "no-crl")
    (tmp_path / "junk.crl").write_bytes(b"junk")
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "no-crl")


def test_a_stale_list_clears_nobody_and_still_convicts(tmp_path: Path, authority: Authority) -> None:
    drop(tmp_path, authority.crl(0x2002, next_update=NOW - SECOND))
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "stale")
    assert standing(tmp_path, Card(authority, serial=0x2002)) == (Standing.REVOKED, "")


def test_a_list_from_the_future_clears_nobody(tmp_path: Path, authority: Authority) -> None:
    drop(tmp_path, authority.crl(this_update=NOW + DAY))
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "not-yet")


def test_a_list_of_another_authority_says_nothing(tmp_path: Path, authority: Authority) -> None:
    drop(tmp_path, Authority().crl())
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "no-crl")


def test_a_newer_list_is_read_without_a_restart(tmp_path: Path, authority: Authority) -> None:
    checker = CrlChecker(tmp_path)
    card = Card(authority)
    drop(tmp_path, authority.crl(this_update=NOW - 2 * DAY))
    assert checker.check(card.certificate, authority.certificate, NOW).standing is Standing.GOOD
    drop(tmp_path, authority.crl(card.serial), "b.crl")
    assert checker.check(card.certificate, authority.certificate, NOW).standing is Standing.REVOKED


def _point(city: str) -> list[x509.GeneralName]:
    names = [(NameOID.COUNTRY_NAME, "JP"), (NameOID.COMMON_NAME, f"{city}-shi CRLDP")]
    return [x509.DirectoryName(x509.Name([x509.NameAttribute(oid, value) for oid, value in names]))]


def _issuing_point(full_name: list[x509.GeneralName] | None, **more: bool) -> x509.IssuingDistributionPoint:
    flags = {"only_contains_user_certs": False, "only_contains_ca_certs": False, "indirect_crl": False} | more
    return x509.IssuingDistributionPoint(
        full_name=full_name,
        relative_name=None,
        only_some_reasons=None,
        only_contains_attribute_certs=False,
        **flags,
    )


def test_a_list_speaks_for_its_own_city_only(tmp_path: Path, authority: Authority) -> None:
    drop(tmp_path, authority.crl(extension=_issuing_point(_point("Reiji"))))
    for city, expected in (("Reiji", Standing.GOOD), ("Mihon", Standing.UNKNOWN)):
        points = x509.CRLDistributionPoints([x509.DistributionPoint(_point(city), None, None, None)])
        assert standing(tmp_path, Card(authority, points=points))[0] is expected
    assert standing(tmp_path, Card(authority))[0] is Standing.UNKNOWN


@pytest.mark.parametrize(
    "extension",
    [
        _issuing_point(None, only_contains_ca_certs=True),
        _issuing_point(_point("Reiji"), indirect_crl=True),
        x509.DeltaCRLIndicator(1),
    ],
    ids=["ca-only", "indirect", "delta"],
)
def test_a_list_that_we_do_not_understand_covers_nobody(
    tmp_path: Path, authority: Authority, extension: x509.ExtensionType
) -> None:
    drop(tmp_path, authority.crl(extension=extension))
    assert standing(tmp_path, Card(authority)) == (Standing.UNKNOWN, "no-crl")


# --- trust ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["KIOSK-TEST", "JPKI-TEST", "JPKI ", "jpki"])
def test_production_takes_no_name_but_the_authoritys(tmp_path: Path, name: str) -> None:
    """O=JPKI-TEST is what J-LIS's own test cards chain to."""
    authority = Authority(organisation=name)
    path = make_folder(tmp_path / "server", authority, {}, HandClock())
    file = path / "town" / "municipality.toml"
    file.write_text(file.read_text().replace('environment = "demo"', 'environment = "production"'))
    with pytest.raises(SetupError, match="production"):
        trust(path, roots=[path / "ca.pem"], crls=[], links=path / "links.csv", clock=HandClock())
    with pytest.raises(
        SetupError, match="production"
    ):  # also where a demo's folder was only declared to be one in use
        open_office(path, font=FONT, clock=HandClock())


def test_production_takes_no_test_authority(tmp_path: Path, authority: Authority) -> None:
    path = make_folder(tmp_path / "server", authority, {}, HandClock())
    file = path / "town" / "municipality.toml"
    file.write_text(file.read_text().replace('environment = "demo"', 'environment = "production"'))
    with pytest.raises(SetupError, match="production"):
        trust(path, roots=[path / "ca.pem"], crls=[], links=path / "links.csv", clock=HandClock())
    real = Authority(organisation="JPKI")
    (path / "ca.pem").write_bytes(real.certificate.public_bytes(serialization.Encoding.PEM))
    trust(path, roots=[path / "ca.pem"], crls=[], links=path / "links.csv", clock=HandClock())


def test_links_need_an_issuer_when_there_are_several(tmp_path: Path, authority: Authority) -> None:
    path = make_folder(tmp_path / "server", authority, {"hanako": Card(authority)}, HandClock())
    other = Authority()
    (path / "other.pem").write_bytes(other.certificate.public_bytes(serialization.Encoding.PEM))
    roots = [path / "ca.pem", path / "other.pem"]
    with pytest.raises(SetupError, match="line 2 names no issuer"):
        trust(path, roots=roots, crls=[], links=path / "links.csv", clock=HandClock())
    issuer = other.certificate.fingerprint(hashes.SHA256()).hex()
    header = "certificate_serial_hex,resident_id,issuer_sha256\n"
    (path / "links.csv").write_text(header + f"1001,hanako,{issuer}\n1002,nobody,{issuer}\n")
    assert trust(path, roots=roots, crls=[], links=path / "links.csv", clock=HandClock()) == (1, 1)
