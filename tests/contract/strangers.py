"""Four small clients of a My Number Card, each in the manner of an open project; none knows anything of this house.

They contradict each other (README of drivers/jpki): what one needs, another cannot take. Raw bytes in and out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

Send = Callable[[bytes], bytes]

JPKI = bytes.fromhex("D392F000260100000001")
TEXT = bytes.fromhex("D3921000310001010408")
FACE = bytes.fromhex("D3921000310001010402")
JUKI = bytes.fromhex("D3921000310001010401")
COMMON = bytes.fromhex("D3921000310001010100")
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA256_INFO_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")


class CardSaysError(Exception):
    """A status word other than the one that this client expects."""


class Client:
    def __init__(self, send: Send) -> None:
        self._send = send

    def ask(self, header: str, data: bytes = b"", le: bytes = b"") -> tuple[bytes, str]:
        body = bytes([len(data)]) + data if data else b""
        answer = self._send(bytes.fromhex(header) + body + le)
        return answer[:-2], answer[-2:].hex()

    def must(self, header: str, data: bytes = b"", le: bytes = b"") -> bytes:
        answer, sw = self.ask(header, data, le)
        if sw != "9000":
            raise CardSaysError(sw)
        return answer

    def select(self, aid: bytes) -> None:
        self.must("00A4040C", aid)

    def file(self, fid: str) -> None:
        self.must("00A4020C", bytes.fromhex(fid))

    def verify(self, fid: str, secret: bytes) -> None:
        self.file(fid)
        self.must("00200080", secret)

    def tries(self, fid: str) -> int:
        self.file(fid)
        _, sw = self.ask("00200080")
        if not sw.startswith("63c"):
            raise CardSaysError(sw)
        return int(sw[3], 16)


class FixedPlaces(Client):
    """(a) Attributes at fixed places of the long length form; blocks of 256; the sign certificate and its CA after the
    password."""

    def attributes(self, pin: bytes) -> list[str]:
        self.select(TEXT)
        self.verify("0011", pin)
        self.file("0002")
        data = self.must("00B00000", le=b"\x00")
        places = [int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12, 14)]
        return [data[at + 3 : at + 3 + data[at + 2]].decode() for at in places]

    def blocks(self, fid: str) -> bytes:
        self.file(fid)
        data = b""
        while len(data) < 8192:
            piece, sw = self.ask(f"00B0{len(data):04X}", le=b"\x00")
            if sw != "9000":
                break
            data += piece
            if len(piece) < 256:
                break
        return data

    def sign_certificates(self, password: bytes) -> tuple[bytes, bytes]:
        self.select(JPKI)
        self.verify("001B", password)
        return self.blocks("0001"), self.blocks("0002")


class SelectsAgain(Client):
    """(b) The short length form; pieces of 255 until 6B00; the application again between VERIFY and what it opened."""

    def text(self, pin: bytes) -> bytes:
        self.select(TEXT)
        self.verify("0011", pin)
        self.select(TEXT)
        data = self.pieces("0002")
        if data[2] >= 0x80:
            raise CardSaysError("a length that this client does not know")
        return data[3 : 3 + data[2]]

    def pieces(self, fid: str) -> bytes:
        self.file(fid)
        data = b""
        while True:
            piece, sw = self.ask(f"00B0{len(data):04X}", le=b"\xff")
            if sw == "6b00":
                return data
            if sw != "9000":
                raise CardSaysError(sw)
            data += piece

    def signature(self, pin: bytes, message: bytes) -> bytes:
        self.select(JPKI)
        self.verify("0018", pin)
        self.select(JPKI)
        self.file("0017")
        return self.must("802A0080", SHA256_INFO + hashlib.sha256(message).digest(), b"\x00")


class ExactSizes(Client):
    """(c) The padded label; certificates by extended Le; files of exactly these sizes."""

    def label(self, size: int) -> str:
        self.select(JPKI)
        self.file("0006")
        return self.must("00B00000", le=bytes([size]))[:32].decode()

    def certificate(self, fid: str) -> bytes:
        self.file(fid)
        return self.must("00B00000", le=bytes.fromhex("0007D0"))

    def sizes(self, pin: bytes) -> list[int]:
        self.select(TEXT)
        self.verify("0011", pin)
        found = []
        for fid, le in (("0001", "11"), ("0003", "000150"), ("0004", "000238"), ("0005", "00")):
            self.file(fid)
            found.append(len(self.must("00B00000", le=bytes.fromhex(le))))
        return found


class CountsAll(Client):
    """(d) A header of seven bytes, then pieces; the tries of every reference; the common record; a DigestInfo without
    its NULL."""

    REFERENCES = (
        (JPKI, ("0018", "001B")),
        (TEXT, ("0011", "0014", "0015")),
        (FACE, ("0011", "0012", "0013")),
        (JUKI, ("001C",)),
        (COMMON, ("001C",)),
    )

    def all_tries(self) -> dict[tuple[str, str], int]:
        found = {}
        for aid, references in self.REFERENCES:
            self.select(aid)
            for fid in references:
                found[aid.hex()[-4:], fid] = self.tries(fid)
        return found

    def certificate(self, fid: str) -> bytes:
        self.select(JPKI)
        self.file(fid)
        head = self.must("00B00000", le=b"\x07")
        size = 4 + int.from_bytes(head[2:4], "big")
        data = b""
        while len(data) < size:
            data += self.must(f"00B0{len(data):04X}", le=b"\x00")
        return data[:size]

    def common_record(self) -> str:
        self.select(COMMON)
        self.file("0001")
        record = self.must("00B2010C", le=b"\x00")
        if record[:2] != b"\x01\x1c":
            raise CardSaysError("not the record")
        return record[2:].decode("ascii")

    def signature(self, pin: bytes, message: bytes) -> bytes:
        self.select(JPKI)
        self.verify("0018", pin)
        self.file("0017")
        return self.must("802A0080", SHA256_INFO_WITHOUT_NULL + hashlib.sha256(message).digest(), b"\x00")
