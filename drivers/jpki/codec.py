"""The bytes of the 公的個人認証 application (JPKI): names of files and keys, and what is inside them.

There is no public specification of the card. File numbers are what four open projects found independently
and agree on (facts: README.md, "sources"); formats inside the files are public standards: PKCS#11 token
information, X.509 (RFC 5280), PKCS#1 (RFC 8017).

Rules. Every function takes bytes that a stranger's card sent and returns a value or raises
PeerProtocolError, nothing else. Nothing here decides whether a certificate is good: chain and revocation
are judged in the issuance server only.
"""

from __future__ import annotations

import enum
import hashlib
from typing import Final

from drivers.jpki import tlv
from drivers.jpki.rsa import RsaKey
from kiosk.errors import PeerProtocolError

AID: Final = bytes.fromhex("D392F000260100000001")


class Ef(enum.IntEnum):
    """Elementary files and references; the low five bits are the short file identifier."""

    SIGN_CERTIFICATE = 0x0001
    SIGN_CA = 0x0002
    TOKEN = 0x0006
    AVAILABILITY = 0x0008
    AUTH_CERTIFICATE = 0x000A
    AUTH_CA = 0x000B
    AUTH_KEY = 0x0017
    AUTH_PIN = 0x0018
    SIGN_KEY = 0x001A
    SIGN_PIN = 0x001B


AUTH_PIN_LENGTH: Final = 4
SIGN_PASSWORD_MIN: Final = 6
SIGN_PASSWORD_MAX: Final = 16

LABEL_BYTES: Final = 32

_BOTH_CERTIFICATES: Final = bytes.fromhex("8F8F")


def has_sign_certificate(availability: bytes) -> bool:
    """What file 0008 says. Cards without a PIN, and those of most people under 15, have none (facts §1.2)."""
    return availability[:2] == _BOTH_CERTIFICATES


# --- certificate --------------------------------------------------------------------------------------------

CERTIFICATE_MAX: Final = 8192
_RSA_ENCRYPTION: Final = bytes.fromhex("06092A864886F70D010101")


def certificate_length(head: bytes) -> int:
    """Bytes of the DER certificate that a file begins with; what follows it in the file is padding."""
    tag, length, begin = tlv.read_header(head)
    if tag != 0x30 or not 0 < length <= CERTIFICATE_MAX:
        raise PeerProtocolError("JPKI: the file is not a certificate")
    return begin + length


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of the DER, hex: the name of this card in one session."""
    return hashlib.sha256(certificate).hexdigest()


def rsa_public_key(certificate: bytes) -> RsaKey:
    """The certificate's key. PeerProtocolError when it is no certificate or the key is no RSA key."""
    tbs = tlv.read_all(tlv.read_tagged(tlv.read_tagged(certificate, 0x30).value, 0x30).value)
    at = 6 if tbs and tbs[0].tag == 0xA0 else 5  # RFC 5280 §4.1: [0] version is there in every v3 certificate
    if len(tbs) <= at:
        raise PeerProtocolError("X.509: the certificate is cut short")
    parts = tlv.read_all(tbs[at].value)
    if len(parts) != 2 or parts[1].tag != 0x03 or not parts[0].value.startswith(_RSA_ENCRYPTION):
        raise PeerProtocolError("X.509: not an RSA key")
    numbers = tlv.read_all(tlv.read_tagged(parts[1].value[1:], 0x30).value)
    if [each.tag for each in numbers] != [0x02, 0x02]:
        raise PeerProtocolError("X.509: not an RSA key")
    modulus, exponent = (int.from_bytes(each.value, "big") for each in numbers)
    return RsaKey(modulus, exponent)


def is_signed_by(certificate: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key of this certificate made this signature: the card that signed is the card that was read."""
    return rsa_public_key(certificate).has_signed(message, signature)
