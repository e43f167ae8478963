"""Keys and certificates that the server makes for itself and its kiosks: its TLS authority, its manifest
key. Nothing here has to do with JPKI.
"""

from __future__ import annotations

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuance import seal
from issuance.store import Kiosk, Operator

_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=825)
_PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def write_private(file: Path, data: bytes) -> None:
    """A new file that only its owner reads; an existing one is never overwritten."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)


def make_authority(folder: Path, now: datetime) -> None:
    """`ca.key`, `ca.pem`: signs the server's and the kiosks' TLS certificates, and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Madoguchi issuance TLS CA")
    builder = _builder(name, name, key.public_key(), now, _LIFE)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        builder.add_extension(x509.BasicConstraints(True, 0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    write_private(folder / "ca.key", _pem(key))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def make_server_certificate(folder: Path, hosts: list[str], now: datetime) -> None:
    """`server.key`, `server.pem` for these names and addresses."""
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    key, pem = _leaf(folder, hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, now, names)
    write_private(folder / "server.key", key)
    (folder / "server.pem").write_bytes(pem)


def make_kiosk(authority: Path, out: Path, kiosk: str, now: datetime) -> Kiosk:
    """`device.key`, `device.pem` and `server-ca.pem` for one machine, and its row for the allow-list. The
    same key signs orders and the journal's heads.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, pem = _leaf(authority, kiosk, ExtendedKeyUsageOID.CLIENT_AUTH, now, None)
    write_private(out / "device.key", key)
    (out / "device.pem").write_bytes(pem)
    (out / "server-ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    return _row(kiosk, pem)


def _row(kiosk: str, pem: bytes) -> Kiosk:
    certificate = x509.load_pem_x509_certificate(pem)
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Kiosk(kiosk, certificate.fingerprint(hashes.SHA256()).hex(), public)


def make_operator(authority: Path, out: Path, name: str, now: datetime) -> Operator:
    """`operator.key`, `operator.pem` and `server-ca.pem` for somebody who looks after kiosks, and a row of the list."""
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, pem = _leaf(authority, name, ExtendedKeyUsageOID.CLIENT_AUTH, now, None)
    write_private(out / "operator.key", key)
    (out / "operator.pem").write_bytes(pem)
    (out / "server-ca.pem").write_bytes((authority / "ca.pem").read_bytes())
    return Operator(name, x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex())


class CsrError(Exception):
    """Not a request for a certificate that a kiosk can have."""


class TlsAuthority:
    """The server's TLS authority, by its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def pem(self) -> str:
        return (self._folder / "ca.pem").read_text(encoding="ascii")

    def sign(self, csr: str, kiosk: str, now: datetime) -> tuple[Kiosk, bytes]:
        """The row and the certificate (PEM) of a machine that made its own key. What else the request says is not
        read."""
        try:
            request = x509.load_pem_x509_csr(csr.encode())
            is_own = request.is_signature_valid
            key = request.public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise CsrError from None
        if not is_own or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise CsrError
        pem = _certify(self._folder, kiosk, key, ExtendedKeyUsageOID.CLIENT_AUTH, now, None)
        return _row(kiosk, pem), pem


def make_manifest_key(file: Path) -> None:
    """The town's Ed25519 key that signs manifests."""
    write_private(file, _pem(ed25519.Ed25519PrivateKey.generate()))


def make_seal_key(folder: Path) -> str:
    """A new key for visible seals; its name. The private key before it is destroyed, so that nothing can be sealed
    with it any more; its public half stays, so that papers sealed with it are still known."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = seal.key_id(key.public_key()).hex()
    folder.mkdir(mode=0o700, exist_ok=True)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    old = list(folder.glob("*.key"))
    (folder / f"{name}.pem").write_bytes(public)
    write_private(folder / f"{name}.key", _pem(key))
    for file in old:
        file.unlink()
    return name


def public_pem(private_file: Path) -> bytes:
    """The public half of a private key file."""
    key = serialization.load_pem_private_key(private_file.read_bytes(), password=None)
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _leaf(
    authority: Path,
    common_name: str,
    usage: x509.ObjectIdentifier,
    now: datetime,
    names: x509.SubjectAlternativeName | None,
) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _pem(key), _certify(authority, common_name, key.public_key(), usage, now, names)


def _certify(
    authority: Path,
    common_name: str,
    key: ec.EllipticCurvePublicKey,
    usage: x509.ObjectIdentifier,
    now: datetime,
    names: x509.SubjectAlternativeName | None,
) -> bytes:
    """A leaf certificate, PEM, for this key."""
    ca_key = serialization.load_pem_private_key((authority / "ca.key").read_bytes(), password=None)
    ca = x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes())
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is an EC key")
    digital_signature = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    builder = (
        _builder(ca.subject, _name(common_name), key, now, _LEAF_LIFE)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(digital_signature, True)
        .add_extension(x509.ExtendedKeyUsage([usage]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)
    )
    if names is not None:
        builder = builder.add_extension(names, False)
    return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: _PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
