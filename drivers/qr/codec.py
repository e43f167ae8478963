"""EMVCo merchant-presented codes (JPQR) as text. Pure: fields in, payload out, and the other way.

Rules (EMV QR Code Specification for Payment Systems, Merchant-Presented Mode; JPQR MPM guideline)
  Each data object is id (two digits), length (two digits, counted in characters), value. A template's value is such
  objects again. Id 00 comes first, id 63 last. Id 63 is a CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) over the
  UTF-8 bytes of everything before its value, `6304` included, as four upper-case hex digits.
  01 is 11 for a code that is used again and 12 for one payment; 53 is the currency (392), 54 the amount, 58 the
  country, 59 the name, 60 the city, 61 the postal code, 62 additional data (05 reference label, 07 terminal label),
  64 the name in another language. 26 to 51 are merchant accounts; JPQR's begins with 00 `jp.or.paymentsjapan`.

Warning
  Tags 59 and 60 are Latin letters by the specification; the town's own name stands in 64.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from kiosk.errors import PeerProtocolError
from kiosk.money import Yen

JPQR: Final = "jp.or.paymentsjapan"
YEN_CODE: Final = "392"
COUNTRY: Final = "JP"
_CRC_HEAD: Final = "6304"
_VALUE_MAX: Final = 99
PAYLOAD_MAX: Final = 512


class Merchant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is paid, as the scheme has registered it."""

    account: str
    """JPQR's id: 13 digits of the corporation, 4 of the issuer, 6 of the shop, 6 of the terminal, with `-` between."""
    category: str
    """Merchant category code: 9399 is government services."""
    name: str
    city: str
    postal: str
    name_ja: str = ""


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def join(fields: Iterable[tuple[str, str]]) -> str:
    """Data objects, in this order. ValueError for an id or a value that no object can have."""
    made = []
    for tag, value in fields:
        if len(tag) != 2 or not (tag.isascii() and tag.isdecimal()) or not 0 < len(value) <= _VALUE_MAX:
            raise ValueError(f"no value for the object {tag}")
        made.append(f"{tag}{len(value):02d}{value}")
    return "".join(made)


def split(text: str) -> dict[str, str]:
    """The data objects of a payload or template. PeerProtocolError: it is not made of them."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        tag, size = text[at : at + 2], text[at + 2 : at + 4]
        if not (tag + size).isascii() or not (tag + size).isdecimal() or len(size) != 2 or tag in found:
            raise PeerProtocolError("qr: not a data object")
        value = text[at + 4 : at + 4 + int(size)]
        if len(value) != int(size) or not value:
            raise PeerProtocolError("qr: a data object that is cut off")
        found[tag] = value
        at += 4 + int(size)
    return found


def sealed(body: str) -> str:
    """With its object 63."""
    return f"{body}{_CRC_HEAD}{crc16((body + _CRC_HEAD).encode()):04X}"


def encode(merchant: Merchant, amount: Yen, reference: str, terminal: str = "") -> str:
    """A code for one payment. ValueError for what does not fit into one (a configuration that was not checked)."""
    levels = merchant.account.split("-")
    if [len(each) for each in levels] != [13, 4, 6, 6]:
        raise ValueError("not a JPQR account: 13-4-6-6")
    account = join([("00", JPQR), *zip(("01", "02", "03", "04"), levels, strict=True)])
    additional = [("05", reference)] + ([("07", terminal)] if terminal else [])
    fields = [
        ("00", "01"),
        ("01", "12"),
        ("26", account),
        ("52", merchant.category),
        ("53", YEN_CODE),
        ("54", str(amount.value)),
        ("58", COUNTRY),
        ("59", merchant.name),
        ("60", merchant.city),
        ("61", merchant.postal),
        ("62", join(additional)),
    ]
    if merchant.name_ja:
        fields.append(("64", join([("00", "JA"), ("01", merchant.name_ja)])))
    payload = sealed(join(fields))
    if len(payload) > PAYLOAD_MAX:
        raise ValueError("more than a payload holds")
    return payload


def decode(payload: str) -> dict[str, str]:
    """The data objects of a payload whose check is right. PeerProtocolError for any other."""
    if len(payload) > PAYLOAD_MAX:
        raise PeerProtocolError("qr: longer than a payload")
    fields = split(payload)
    if list(fields)[:1] != ["00"] or list(fields)[-1] != "63" or fields["00"] != "01":
        raise PeerProtocolError("qr: not a payment code")
    try:
        right = sealed(payload[:-8])
    except UnicodeEncodeError:
        raise PeerProtocolError("qr: not text") from None
    if right != payload:
        raise PeerProtocolError("qr: the check is wrong")
    return fields
