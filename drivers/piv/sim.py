"""A virtual staff card at the wire: what a PIV card answers to the commands of SP 800-73-4 part 2 that a login uses.

OpenSC's `piv-tool` and `pkcs15-tool` read it as a PIV card. Its authority is made at run time, O=KIOSK-TEST, worth
nothing outside.

DIR/staff/ca.pem, ca.key.pem   the authority
DIR/staff/ID/                  9a.cer 9a.key.pem 9e.cer 9e.key.pem memory.json (PIN and its counter)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID

from drivers.jpki import tlv
from drivers.jpki.apdu import NE_SHORT, Command, Ins, Response, Sw
from drivers.jpki.sim.filesystem import Memory, Secret
from drivers.piv import codec
from drivers.piv.application import GENERAL_AUTHENTICATE, GET_DATA
from kiosk.errors import PeerProtocolError

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ATR: Final = bytes.fromhex("3B800181")
"""T=1 and no historical bytes: nobody may rely on an answer to reset."""
PIN_NAME: Final = "piv.pin"
TRIES: Final = 3
DEFAULT_PIN: Final = "123456"
STAFF: Final = ("demo-officer", "demo-technician", "demo-treasurer", "demo-assistant")
"""The demo's people."""
VALIDITIES: Final = ("genuine", "expired", "not-yet")
_CHAINED: Final = 0x10


@dataclass(frozen=True)
class Chip:
    """What is in one card: per key its certificate (DER) and the key."""

    keys: Mapping[int, tuple[bytes, Key]]
    number: bytes
    """16 bytes, the card's own."""


class _RefusedError(Exception):
    def __init__(self, sw: int) -> None:
        self.sw = sw
        super().__init__(f"{sw:04X}")


class PivInterpreter:
    """Answers commands. One client, one thread; a power-off forgets what was verified."""

    def __init__(self, chip: Chip, memory: Memory) -> None:
        self._chip = chip
        self._memory = memory
        self._objects = _objects(chip)
        self._table: dict[int, Callable[[Command], bytes]] = {
            Ins.SELECT: self._select,
            GET_DATA: self._get_data,
            Ins.VERIFY: self._verify,
            GENERAL_AUTHENTICATE: self._authenticate,
        }
        self.reset()

    def reset(self) -> None:
        self._is_selected = self._is_verified = False
        self._chain = self._rest = b""

    def answer(self, command: Command) -> Response:
        if command.ins == Ins.GET_RESPONSE:
            return self._pieces(self._rest, command.ne)
        self._rest = b""
        if command.cla & _CHAINED:
            self._chain += bytes(command.data)
            return Response(b"", Sw.OK if len(self._chain) <= 4096 else Sw.WRONG_LENGTH)
        whole, self._chain = self._chain + bytes(command.data), b""
        handler = self._table.get(command.ins)
        try:
            if command.cla:
                raise _RefusedError(Sw.WRONG_CLA)
            if handler is None:
                raise _RefusedError(Sw.WRONG_INS)
            if command.ins != Ins.SELECT and not self._is_selected:
                raise _RefusedError(Sw.CONDITIONS)
            data = handler(Command(command.cla, command.ins, command.p1, command.p2, whole, command.ne))
        except _RefusedError as why:
            return Response(b"", why.sw)
        except PeerProtocolError:
            return Response(b"", Sw.WRONG_DATA)
        return self._pieces(data, command.ne)

    def _pieces(self, data: bytes, ne: int) -> Response:
        """What is longer than asked for waits: 61xx."""
        self._rest = data[ne:]
        waiting = min(len(self._rest), NE_SHORT) % NE_SHORT
        return Response(data[:ne], 0x6100 | waiting if self._rest else Sw.OK)

    def _select(self, command: Command) -> bytes:
        aid = bytes(command.data)
        if command.p1 != 0x04 or len(aid) < 5 or not codec.AID.startswith(aid):
            raise _RefusedError(Sw.NOT_FOUND)
        self._is_selected, self._is_verified = True, False
        inside = tlv.write(0x4F, codec.AID[5:]) + tlv.write(0x79, tlv.write(0x4F, codec.AID[:5]))
        return tlv.write(0x61, inside + tlv.write(0x50, b"KIOSK-TEST"))

    def _get_data(self, command: Command) -> bytes:
        if (command.p1, command.p2) != (0x3F, 0xFF):
            raise _RefusedError(Sw.WRONG_P1P2)
        name = tlv.read_tagged(bytes(command.data), 0x5C).value
        if name not in self._objects:
            raise _RefusedError(Sw.NOT_FOUND)
        return self._objects[name]

    def _verify(self, command: Command) -> bytes:
        if command.p1 or command.p2 != codec.PIN_REFERENCE:
            raise _RefusedError(Sw.REFERENCE_NOT_FOUND)
        secret = self._memory[PIN_NAME]
        if not command.data:
            if self._is_verified:
                return b""
            raise _RefusedError(0x63C0 | secret.left if secret.left else Sw.AUTHENTICATION_BLOCKED)
        if len(command.data) != codec.PIN_BYTES:
            raise _RefusedError(Sw.WRONG_DATA)
        if not secret.left:
            raise _RefusedError(Sw.AUTHENTICATION_BLOCKED)
        self._is_verified = bytes(command.data) == bytes(codec.pin_block(bytearray(secret.value.encode())))
        secret.left = secret.most if self._is_verified else secret.left - 1
        self._memory.save()
        if not self._is_verified:
            raise _RefusedError(0x63C0 | secret.left if secret.left else Sw.AUTHENTICATION_BLOCKED)
        return b""

    def _authenticate(self, command: Command) -> bytes:
        found = self._chip.keys.get(command.p2)
        if found is None:
            raise _RefusedError(Sw.WRONG_P1P2)
        if command.p2 != codec.CARD_AUTHENTICATION.reference and not self._is_verified:
            raise _RefusedError(Sw.NOT_VERIFIED)
        parts = {
            each.tag: each.value for each in tlv.read_all(tlv.read_tagged(bytes(command.data), 0x7C).value)
        }
        signature = _sign(found[1], command.p1, parts.get(0x81, b""))
        return tlv.write(0x7C, tlv.write(0x82, signature))


def _sign(key: Key, algorithm: int, block: bytes) -> bytes:
    if algorithm == codec.ECC_P256 and isinstance(key, ec.EllipticCurvePrivateKey) and len(block) == 32:
        return key.sign(block, ec.ECDSA(Prehashed(hashes.SHA256())))
    if algorithm == codec.RSA_2048 and isinstance(key, rsa.RSAPrivateKey) and len(block) == 256:
        numbers = key.private_numbers()
        n = numbers.public_numbers.n
        return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")
    raise _RefusedError(Sw.WRONG_DATA)


def _objects(chip: Chip) -> dict[bytes, bytes]:
    """What GET DATA answers, by the object's name (part 1, appendix A)."""
    places = {each.reference: each for each in (codec.AUTHENTICATION, codec.CARD_AUTHENTICATION)}
    found = {
        places[reference].certificate: tlv.write(
            0x53, tlv.write(0x70, certificate) + tlv.write(0x71, b"\x00") + tlv.write(0xFE, b"")
        )
        for reference, (certificate, _) in chip.keys.items()
    }
    empty = b"".join(tlv.write(tag, b"") for tag in (0xF3, 0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE))
    capabilities = tlv.write(0xF0, b"\xa0\x00\x00\x01\x16" + chip.number) + tlv.write(0xF1, b"\x21")
    capabilities += tlv.write(0xF2, b"\x21") + tlv.write(0xF4, b"\x00") + tlv.write(0xF5, b"\x10")
    holder = tlv.write(0x30, bytes(25)) + tlv.write(0x34, chip.number) + tlv.write(0x35, b"20991231")
    holder += tlv.write(0x3E, b"") + tlv.write(0xFE, b"")
    discovery = tlv.write(0x4F, codec.AID) + tlv.write(0x5F2F, b"\x40\x00")
    return {
        **found,
        bytes.fromhex("5FC107"): tlv.write(0x53, capabilities + empty),
        bytes.fromhex("5FC102"): tlv.write(0x53, holder),
        b"\x7e": tlv.write(0x7E, discovery),
    }


# --- on disk --------------------------------------------------------------------------------------------------------


def make(box: Path, names: Iterable[str] = STAFF, pin: str = DEFAULT_PIN) -> None:
    """Add the authority and cards that are not there yet."""
    folder = box / "staff"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "ca.pem").exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(folder / "ca.key.pem", key)
        own = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "KIOSK-TEST"),
                x509.NameAttribute(NameOID.COMMON_NAME, "KIOSK-TEST staff cards, no legal effect"),
            ]
        )
        root = _signed(own, own, key.public_key(), key, "genuine", is_authority=True)
        (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for name in names:
        if not (folder / name / "memory.json").exists():
            _make_card(folder, name, pin)


def _make_card(folder: Path, name: str, pin: str) -> None:
    card = folder / name
    card.mkdir(exist_ok=True)
    for reference in ("9a", "9e"):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(card / f"{reference}.key.pem", key)
        (card / f"{reference}.cer").write_bytes(certificate(folder, name, key, "genuine"))
    Memory({PIN_NAME: Secret(pin, TRIES, TRIES)}, card / "memory.json").save()


def certificate(folder: Path, name: str, key: Key, validity: str) -> bytes:
    """DER, of this member of staff, by the authority in `folder`."""
    root = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "KIOSK-TEST"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, name),
        ]
    )
    made = _signed(subject, root.subject, key.public_key(), _read_key(folder / "ca.key.pem"), validity)
    return made.public_bytes(serialization.Encoding.DER)


def open_card(box: Path, name: str, validity: str = "genuine") -> tuple[Chip, Memory]:
    """One card of the box. ValueError when there is none of this name, or no such validity."""
    folder = box / "staff"
    if "/" in name or not (folder / name / "memory.json").exists() or validity not in VALIDITIES:
        raise ValueError(f"no staff card of this name: {name} {validity}")
    keys: dict[int, tuple[bytes, Key]] = {}
    for place in (codec.AUTHENTICATION, codec.CARD_AUTHENTICATION):
        key = _read_key(folder / name / f"{place.reference:02x}.key.pem")
        stored = (folder / name / f"{place.reference:02x}.cer").read_bytes()
        shown = stored if validity == "genuine" else certificate(folder, name, key, validity)
        keys[place.reference] = (shown, key)
    number = hashlib.sha256(name.encode()).digest()[:16]
    return Chip(keys, number), Memory.load(folder / name / "memory.json")


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    by: Key,
    validity: str,
    *,
    is_authority: bool = False,
) -> x509.Certificate:
    now, year = datetime.now(UTC), timedelta(days=365)
    begin, end = {
        "genuine": (now - timedelta(days=30), now + 5 * year),
        "expired": (now - 3 * year, now - timedelta(days=2)),
        "not-yet": (now + timedelta(days=2), now + 3 * year),
    }[validity]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return builder.sign(by, hashes.SHA256())


def _write_key(path: Path, key: Key) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _read_key(path: Path) -> Key:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("not a key of a staff card")
    return key
