"""Operators: register a machine, see all of them, stop one, count a month. Kiosks may none of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from issuance import folder
from tests.issuance.desk_of import Server
from tests.issuance.people import KIOSK, Card

OPERATOR = "miyako"


@pytest.fixture
def database(either: str) -> str:
    return either


@pytest.fixture
def town(server: Server) -> Server:
    server.add_operator(OPERATOR)
    return server


def _csr(key: Any, kiosk: str = "whatever") -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kiosk)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_a_machine_is_registered_and_its_key_stays_where_it_was_made(town: Server) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    answer = town.post("/v1/kiosks", {"kiosk": "kiosk-9", "csr": _csr(key)}, OPERATOR)
    assert answer.status == 201
    certificate = x509.load_pem_x509_certificate(answer.body["certificate"].encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "CN=kiosk-9"  # not what the request called itself
    town.certificates["kiosk-9"] = answer.body["certificate"]
    assert town.get("/v1/status", "kiosk-9").body["stop"] == "version"
    town.attest("kiosk-9")
    assert town.get("/v1/status", "kiosk-9").body["stop"] == ""
    again = town.post("/v1/kiosks", {"kiosk": "kiosk-9", "csr": _csr(key)}, OPERATOR)
    assert again.problem == "conflict"


@pytest.mark.parametrize(
    "csr",
    [
        "-----BEGIN CERTIFICATE REQUEST-----",
        _csr(ec.generate_private_key(ec.SECP384R1())),
        _csr(rsa.generate_private_key(65537, 2048)),
        _csr(ec.generate_private_key(ec.SECP256R1())).replace("A", "B", 3),
    ],
    ids=["nothing", "p384", "rsa", "changed"],
)
def test_what_is_no_request_for_a_kiosks_certificate(town: Server, csr: str) -> None:
    assert town.post("/v1/kiosks", {"kiosk": "kiosk-9", "csr": csr}, OPERATOR).problem == "malformed"


def test_the_fleet_shows_who_runs_an_old_program(town: Server) -> None:
    town.enrol("kiosk-2")
    town.attest("kiosk-2", "0.0.9")
    folder.enrol(town.path, kiosk="kiosk-3", out=town.path / "kiosk-3", clock=town.clock)
    answer = town.get("/v1/kiosks", OPERATOR)
    found = {each["kiosk"]: (each["version"], each["is_new_enough"]) for each in answer.body["kiosks"]}
    assert found == {KIOSK: ("0.1.0", True), "kiosk-2": ("0.0.9", False), "kiosk-3": ("", False)}


def test_the_kill_switch_works_from_the_next_request_on(town: Server, cards: dict[str, Card]) -> None:
    town.authenticate(cards["hanako"])
    assert town.post(f"/v1/kiosks/{KIOSK}/halt", {"reason": "opened"}, OPERATOR).body["is_halted"]
    assert town.get("/v1/status").body["stop"] == "kill-switch"
    assert not town.post(f"/v1/kiosks/{KIOSK}/resume", {"reason": "looked"}, OPERATOR).body["is_halted"]
    assert town.get("/v1/status").body["stop"] == ""
    assert [act for act in town.audit() if OPERATOR in act][-2:] == [
        f"halted {OPERATOR} opened",
        f"resumed {OPERATOR} looked",
    ]
    assert town.post("/v1/kiosks/nobody/halt", {"reason": "x"}, OPERATOR).problem == "not-found"
    assert town.post("/v1/kiosks/No-Name/halt", {"reason": "x"}, OPERATOR).problem == "malformed"


def test_a_month_in_numbers(town: Server, cards: dict[str, Card]) -> None:
    ids, prepared = town.prepared(cards["hanako"])
    serial = prepared.body["serial"]
    town.post(f"/v1/documents/{serial}/commit", ids)
    town.post(f"/v1/documents/{serial}/printed", ids | {"pages": _pages(prepared.body)})
    town.authenticate(cards["mamoru"])
    counts = {
        each["what"]: each["count"] for each in town.get("/v1/statistics/2026-11", OPERATOR).body["counts"]
    }
    assert counts["juminhyo printed"] == 1
    assert "protected" not in str(counts)
    assert town.get("/v1/statistics/2026-10", OPERATOR).body["counts"] == []
    assert town.get("/v1/statistics/2026-13", OPERATOR).problem == "malformed"


def _pages(body: dict[str, Any]) -> int:
    return int(json.loads(base64.b64decode(body["manifest"]))["pages"])


def test_a_kiosk_is_no_operator_and_an_operator_no_kiosk(town: Server) -> None:
    assert town.get("/v1/kiosks").problem == "unknown-kiosk"
    assert town.post(f"/v1/kiosks/{KIOSK}/halt", {"reason": "x"}).problem == "unknown-kiosk"
    assert town.get("/v1/statistics/2026-11").problem == "unknown-kiosk"
    assert town.get("/v1/status", OPERATOR).problem == "unknown-kiosk"
