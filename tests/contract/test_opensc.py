"""A stranger's client on the virtual card: OpenSC, and openssl for what it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.card_bench import Bench, wait_for

pytestmark = pytest.mark.system

AUTH_PIN, SIGN_PASSWORD = "1234", "EXAMPLE2026A"


@pytest.fixture(params=["contact", "typeb"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with Bench() as made:
        made.start_pcscd()
        made.start_sim("--atr", request.param, "--person", "hanako")
        wait_for(lambda: _is_card_seen(made))
        yield made


def _is_card_seen(bench: Bench) -> bool:
    return b"Yes" in bench.run("kiosk-card", ["opensc-tool", "-l"]).stdout


def _tool(bench: Bench, *argv: str) -> str:
    done = bench.run("kiosk-card", list(argv))
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_card_is_recognised(bench: Bench) -> None:
    assert _tool(bench, "opensc-tool", "-n").strip() == "jpki"
    assert _tool(bench, "opensc-tool", "-a").startswith("3b:")


def test_the_contents_are_listed(bench: Bench) -> None:
    said = _tool(bench, "pkcs15-tool", "-D")
    for label in (
        "PKCS#15 Card [JPKI]",
        "User Authentication PIN",
        "Digital Signature PIN",
        "User Authentication Certificate CA",
        "Digital Signature Certificate CA",
    ):
        assert label in said
    assert "Tries left     : 3" in said and "Tries left     : 5" in said


def test_certificates_are_read_and_chain_to_the_test_root(bench: Bench) -> None:
    bench.run("kiosk-card", ["sh", "-c", "mkdir -p /run/kiosk/card/t"])
    read = "pkcs15-tool --read-certificate 01 -o /run/kiosk/card/t/a.pem"
    verify = "openssl verify -CAfile /run/sim/box/pki/ca.pem /run/kiosk/card/t/a.pem"
    assert "OK" in _tool(bench, "sh", "-c", f"{read} && {verify}")
    locked = bench.run("kiosk-card", ["pkcs15-tool", "--read-certificate", "02"])
    assert locked.returncode != 0
    said = _tool(
        bench,
        *(
            "pkcs15-tool",
            "--verify-pin",
            "--auth-id",
            "02",
            "--pin",
            SIGN_PASSWORD,
            "--read-certificate",
            "02",
        ),
    )
    assert "BEGIN CERTIFICATE" in said


@pytest.mark.parametrize(("key", "secret"), [("01", AUTH_PIN), ("02", SIGN_PASSWORD)])
def test_a_signature_is_verified_by_openssl(bench: Bench, key: str, secret: str) -> None:
    script = f"""
set -e
mkdir -p /run/kiosk/card/t && cd /run/kiosk/card/t
echo message > m && openssl dgst -sha256 -binary m > h
pkcs15-crypt --sign --sha-256 --pkcs1 --raw --pin {secret} -k {key} -i h -o s
pkcs15-tool --verify-pin --auth-id {key} --pin {secret} --read-certificate {key} -o c.pem
openssl x509 -in c.pem -noout -pubkey > p.pem
openssl dgst -sha256 -verify p.pem -signature s m
"""
    assert "Verified OK" in _tool(bench, "sh", "-c", script)


def test_its_pkcs11_module_signs_too(bench: Bench) -> None:
    script = f"""
set -e
mkdir -p /run/kiosk/card/t && cd /run/kiosk/card/t
echo message > m
pkcs11-tool --list-slots | grep -q JPKI
pkcs11-tool --token-label 'JPKI (User Authentication PIN)' --login --pin {AUTH_PIN} \\
    --sign --mechanism SHA256-RSA-PKCS --id 01 -i m -o s
pkcs15-tool --read-certificate 01 -o c.pem
openssl x509 -in c.pem -noout -pubkey > p.pem
openssl dgst -sha256 -verify p.pem -signature s m
"""
    assert "Verified OK" in _tool(bench, "sh", "-c", script)


def test_a_wrong_pin_costs_a_try_that_outlives_the_simulator(bench: Bench) -> None:
    wrong = bench.run("kiosk-card", ["pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "9999"])
    assert b"PIN code or key incorrect" in wrong.stderr + wrong.stdout
    bench.sim("remove-card")
    wait_for(lambda: not _is_card_seen(bench))
    bench.sim("place-card", "hanako")
    wait_for(lambda: _is_card_seen(bench))
    assert "Tries left     : 2" in _tool(bench, "pkcs15-tool", "-D")


def test_a_blocked_pin_is_still_listed(bench: Bench) -> None:
    for _ in range(4):
        bench.run("kiosk-card", ["pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "9999"])
    assert "Tries left     : 0" in _tool(bench, "pkcs15-tool", "-D")
