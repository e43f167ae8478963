"""Keys of a panel's own: a small authority per machine, its server's certificate, one for each panel."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kiosk.errors import ConfigError
from kiosk.view import Role

LASTS = timedelta(days=3 * 365)


def make(folder: Path, hosts: Sequence[str], panels: Sequence[str], now: datetime) -> None:
    """`folder`/ca.pem, server.pem and .key; for each panel NAME.pem and .key; `panels`: who is which role.

    The authority's key is thrown away: another panel means another set, which is a walk of five minutes.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Madoguchi panel authority")
    authority = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder / "ca.pem", authority.public_bytes(serialization.Encoding.PEM), 0o644)
    names = x509.SubjectAlternativeName([_host(each) for each in hosts])
    _issue(folder, "server", key, name, now, ExtendedKeyUsageOID.SERVER_AUTH, names)
    lines = []
    for each in panels:
        der = _issue(folder, each, key, name, now, ExtendedKeyUsageOID.CLIENT_AUTH)
        lines.append(f"{hashlib.sha256(der).hexdigest()} {Role.ASSISTANT.value} {each}\n")
    _write(folder / "panels", "".join(lines).encode(), 0o644)


def read_panels(file: Path) -> Mapping[str, Role]:
    """Fingerprint (SHA-256, hex) -> role. ConfigError: a line that is not `fingerprint role name`."""
    found: dict[str, Role] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            fingerprint, role, _ = words
            if len(fingerprint) != 64 or int(fingerprint, 16) < 0:
                raise ValueError
            found[fingerprint.lower()] = Role(role)
        except ValueError:
            raise ConfigError(f"{file}:{number}: expected `fingerprint role name`") from None
    return found


def _issue(
    folder: Path,
    name: str,
    authority: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    now: datetime,
    usage: x509.ObjectIdentifier,
    names: x509.SubjectAlternativeName | None = None,
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(name), issuer, key.public_key(), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    made = builder.sign(authority, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / f"{name}.key", secret, 0o600)
    _write(folder / f"{name}.pem", made.public_bytes(serialization.Encoding.PEM), 0o644)
    return made.public_bytes(serialization.Encoding.DER)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LASTS)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _write(path: Path, data: bytes, mode: int) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(number, "wb") as file:
        file.write(data)
