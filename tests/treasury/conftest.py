"""A kiosk's files: configuration, keys, a place for the journal."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.treasury.bench import USERS, Bench

TOWN = Path(__file__).parents[2] / "drivers/simpanel/demo/municipality.toml"
MACHINE = """
[machine]
kiosk = "kiosk-test"
mode = "demo"
[paths]
state = "{place}"
[issuance]
url = "https://localhost:8443"
server_ca = "{place}/ca.pem"
certificate = "{place}/device.pub"
key = "{place}/device.key"
manifest_key = "{place}/manifest.pem"
[equipment]
hoppers = {{ hopper10 = "coin10", hopper50 = "coin50", hopper100 = "coin100", hopper500 = "coin500" }}
faces = ["coin10", "coin50", "coin100", "coin500"]
"""
STAFF = '[[staff]]\nid = "{name}"\nrole = "{role}"\n'
ROLES = {"officer1": "cash_officer", "tech1": "technician", "treasurer1": "treasurer"}


def files(place: Path) -> tuple[Path, ...]:
    """Machine and town, and a device key of this test's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (place / "device.key").write_bytes(private)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (place / "device.pub").write_bytes(public)
    staff = "".join(STAFF.format(name=name, role=role) for name, role in ROLES.items())
    machine = place / "machine.toml"
    machine.write_text(MACHINE.format(place=place) + staff)
    assert set(ROLES) < set(USERS)
    return machine, TOWN


@pytest.fixture
def bench() -> Iterator[Bench]:
    """In a folder of its own: pytest's is closed to other users, and these are others."""
    with tempfile.TemporaryDirectory(prefix="kiosk-") as made:
        place = Path(made)
        place.chmod(0o777)
        bench = Bench(place, files(place))
        yield bench
        bench.stop()
