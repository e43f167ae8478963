"""共通カードAP: one record, free to read: the card's serial, the municipality that issued it, its last day.

The record is not signed: it says which card lies there, and proves nothing (facts/card.md §1.5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from drivers.jpki.apdu import NE_SHORT, Command, Ins, Sw
from drivers.jpki.application import Application, NotFound
from kiosk.errors import PeerProtocolError

AID: Final = bytes.fromhex("D3921000310001010100")

_RECORD: Final = re.compile(rb"([0-9A-Z]{15})([0-9]{5})([0-9]{8})")
_HEAD: Final = b"\x01\x1c"
"""Simple TLV: tag 1, 28 bytes."""


@dataclass(frozen=True, slots=True)
class CommonRecord:
    serial: str
    municipality: str
    expiry: str
    """YYYYMMDD."""


def decode_record(data: bytes) -> CommonRecord:
    """From record 1 of file 0001; what follows it is filler."""
    body = _RECORD.fullmatch(data[2:30])
    if data[:2] != _HEAD or body is None:
        raise PeerProtocolError("card: not the common record")
    serial, municipality, expiry = (each.decode("ascii") for each in body.groups())
    return CommonRecord(serial, municipality, expiry)


class CommonApplication(Application):
    """共通カードAP."""

    def open(self) -> None:
        self.select(AID)

    def record(self) -> CommonRecord:
        """READ RECORD in one exchange. NotFound: another kind of card."""
        answer = self._card.send(Command(0x00, Ins.READ_RECORD, 0x01, 0x01 << 3 | 0x04, ne=NE_SHORT))
        if answer.sw in (Sw.NOT_FOUND, Sw.RECORD_NOT_FOUND):
            raise NotFound
        if answer.sw != Sw.OK:
            raise PeerProtocolError(f"card: it said {answer.sw:04X}")
        return decode_record(answer.data)
