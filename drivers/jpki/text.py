"""券面事項入力補助AP: the 基本4情報 as text, and the record that makes them believable (facts/card.md §1.4, §2.2)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from drivers.jpki import cv, tlv
from drivers.jpki.application import Application, Verified
from drivers.jpki.cv import NotBelieved, Roots
from kiosk.errors import PeerProtocolError

AID: Final = bytes.fromhex("D3921000310001010408")

EF_FACTS, EF_RECORD, EF_SIGNER = 0x0002, 0x0003, 0x0004
PIN, NUMBER_B = 0x0011, 0x0015

_FACTS: Final = (0xDF22, 0xDF23, 0xDF24, 0xDF25)
_BIRTH: Final = re.compile(r"[12][0-9]{7}")


@dataclass(frozen=True, slots=True, repr=False)
class BasicFacts:
    """Name, address, birth (YYYYMMDD), sex (`1` male, `2` female, `9` other). Never in a repr or a log."""

    name: str
    address: str
    birth: str
    sex: str

    def __repr__(self) -> str:
        return "BasicFacts()"


def decode_facts(data: bytes) -> BasicFacts:
    """From file 0002, whatever its length form. The table of offsets is not needed to read it."""
    found = cv.children(data, 0xFF20)
    try:
        name, address, birth, sex = (cv.value(found, tag).decode() for tag in _FACTS)
    except UnicodeDecodeError:
        raise PeerProtocolError("card: a text is not UTF-8") from None
    if not name or not _BIRTH.fullmatch(birth) or sex not in ("1", "2", "9"):
        raise PeerProtocolError("card: not basic facts")
    return BasicFacts(name, address, birth, sex)


def believe(facts: bytes, record: bytes, certificate: bytes, roots: Roots) -> BasicFacts:
    """The facts of file 0002 when the record (0003) covers them and a pinned root stands behind it. NotBelieved."""
    signed = cv.children(record, 0xFF30)
    covered = cv.raw(record, 0xFF30, 0xDF31) + cv.raw(record, 0xFF30, 0xDF32)
    if not cv.signer(certificate, roots).has_signed(covered, cv.value(signed, 0xDF33)):
        raise NotBelieved("the record")
    inside = tlv.read_tagged(facts, 0xFF20).value
    table, end = tlv.read(inside)
    hashed = hashlib.sha256(inside[end:]).digest()  # all but the table of offsets
    if table.tag != 0xDF21 or hashed != cv.value(signed, 0xDF32):
        raise NotBelieved("the facts")
    return decode_facts(facts)


class TextApplication(Application):
    """券面事項入力補助AP."""

    def open(self) -> None:
        self.select(AID)

    def verify_number_b(self, digits: bytearray) -> Verified:
        """照合番号B, 14 digits. Its dates are checked before a try is spent (facts/card.md §8.1)."""
        return self.verify(NUMBER_B, digits)

    def verify_pin(self, pin: bytearray) -> Verified:
        return self.verify(PIN, pin)

    def believed_facts(self, roots: Roots) -> BasicFacts:
        """Read and believe. NotAllowed, NotBelieved."""
        facts, record, certificate = (
            self.read_object(ef, cv.object_length) for ef in (EF_FACTS, EF_RECORD, EF_SIGNER)
        )
        return believe(facts, record, certificate, roots)
