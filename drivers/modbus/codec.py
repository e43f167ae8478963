"""Modbus RTU as bytes, in both directions: the two functions that an input/output module needs. Pure.

Rules
-----
- Everything that knows the layout of a Modbus byte is in this file.
- Wrong bytes raise PeerProtocolError and nothing else. Bytes that may still become right are NEED_DATA.
- An answer is read against the question it answers: RTU frames carry no length of their own.

Theory (MODBUS Application Protocol V1.1b3; MODBUS over Serial Line V1.02)
---------------------------------------------------------------------------
    [address][function][data …][CRC low][CRC high]

    02 read discrete inputs   ask [start hi lo][count hi lo]            answer [bytes][inputs, first in bit 0]
    0F write multiple coils   ask [start hi lo][count hi lo][bytes][…]  answer [start hi lo][count hi lo]
    an exception              answer [function | 80][code]

CRC-16: polynomial 0xA001 (reflected 8005), start 0xFFFF, over all before it, low byte first (serial line 2.5.1.2).

Warning
-------
Where one frame ends and the next begins is silence on the line (3.5 characters). A computer's serial line does not show
it: after an answer that did not fit, the caller waits for silence and calls `idle()`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from kiosk.errors import ContractError, PeerProtocolError

READ_INPUTS: Final = 0x02
WRITE_COILS: Final = 0x0F
EXCEPTION: Final = 0x80
MOST: Final = 64
"""Inputs or outputs of one module that are asked for at once; the protocol allows 2000."""


class NeedData(enum.Enum):
    """The answer of a codec that has no whole frame yet."""

    NEED_DATA = enum.auto()


NEED_DATA: Final = NeedData.NEED_DATA


@dataclass(frozen=True, slots=True)
class ReadInputs:
    """What do the first `count` inputs say?"""

    address: int
    count: int


@dataclass(frozen=True, slots=True)
class WriteCoils:
    """The first outputs, all at once."""

    address: int
    on: tuple[bool, ...]


Question = ReadInputs | WriteCoils


@dataclass(frozen=True, slots=True)
class Inputs:
    """The answer to ReadInputs."""

    on: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to WriteCoils."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The module understood and does not do it; `code` 1 function, 2 address, 3 value, 4 its own failure."""

    code: int


Answer = Inputs | Written | Refused


def crc16(data: bytes) -> int:
    """The check sum (`01 02` gives 0xE181)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def framed(body: bytes) -> bytes:
    """With its check sum behind it."""
    return body + crc16(body).to_bytes(2, "little")


def encode(question: Question) -> bytes:
    """The question as it goes on the line; ContractError for what no module can be asked."""
    count = question.count if isinstance(question, ReadInputs) else len(question.on)
    if not (1 <= question.address <= 247 and 1 <= count <= MOST):
        raise ContractError("modbus: address 1 to 247, at most 64 points")
    if isinstance(question, ReadInputs):
        return framed(bytes((question.address, READ_INPUTS, 0, 0, 0, count)))
    packed = pack(question.on)
    return framed(bytes((question.address, WRITE_COILS, 0, 0, 0, count, len(packed))) + packed)


def pack(bits: tuple[bool, ...]) -> bytes:
    """First in bit 0 of the first byte."""
    return sum(bit << at for at, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")


def unpack(data: bytes, count: int) -> tuple[bool, ...]:
    whole = int.from_bytes(data, "little")
    return tuple(bool(whole >> at & 1) for at in range(count))


class AnswerReader:
    """Bytes to the answer of one question. `expect` says which; what came before is forgotten."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._question: Question = ReadInputs(1, 1)

    def expect(self, question: Question) -> None:
        self._question = question
        self._buffer.clear()

    def feed(self, data: bytes) -> None:
        self._buffer += data[: 2 * MOST]
        del self._buffer[2 * MOST :]

    def idle(self) -> None:
        self._buffer.clear()

    def next_frame(self) -> Answer | NeedData:
        """The answer, once it is whole. PeerProtocolError: this is none to that question."""
        question, got = self._question, self._buffer
        function = READ_INPUTS if isinstance(question, ReadInputs) else WRITE_COILS
        if len(got) < 2:
            return NEED_DATA
        if got[0] != question.address or got[1] not in (function, function | EXCEPTION):
            raise PeerProtocolError("modbus: not an answer to that")
        size = self._size(question, got[1])
        if len(got) < size:
            return NEED_DATA
        frame = bytes(got[:size])
        del got[:size]
        if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            raise PeerProtocolError("modbus: wrong check sum")
        return self._meaning(question, frame)

    @staticmethod
    def _size(question: Question, function: int) -> int:
        if function & EXCEPTION:
            return 5
        return 5 + (question.count + 7) // 8 if isinstance(question, ReadInputs) else 8

    @staticmethod
    def _meaning(question: Question, frame: bytes) -> Answer:
        if frame[1] & EXCEPTION:
            return Refused(frame[2])
        if isinstance(question, ReadInputs):
            if frame[2] != (question.count + 7) // 8:
                raise PeerProtocolError("modbus: another number of inputs")
            return Inputs(unpack(frame[3:-2], question.count))
        if frame[2:6] != bytes((0, 0, 0, len(question.on))):
            raise PeerProtocolError("modbus: other outputs were written")
        return Written()


class QuestionReader:
    """The module's side: bytes to questions."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data
        del self._buffer[4 * MOST :]

    def idle(self) -> None:
        self._buffer.clear()

    @property
    def has_bytes(self) -> bool:
        return bool(self._buffer)

    def next_frame(self) -> Question | Refused | NeedData:
        """A question; Refused for a whole one that this module does not know. PeerProtocolError: nonsense, dropped."""
        got = self._buffer
        if len(got) < 2:
            return NEED_DATA
        size = 8
        if got[1] == WRITE_COILS:
            if len(got) < 7:
                return NEED_DATA
            size = 9 + got[6]
        if len(got) < size:
            return NEED_DATA
        frame = bytes(got[:size])
        del got[:size]
        if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            got.clear()
            raise PeerProtocolError("modbus: wrong check sum")
        start, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if frame[1] not in (READ_INPUTS, WRITE_COILS):
            return Refused(1)
        if start or not 1 <= count <= MOST:
            return Refused(2)
        if frame[1] == READ_INPUTS:
            return ReadInputs(frame[0], count)
        return WriteCoils(frame[0], unpack(frame[7:-2], count))


def encode_answer(address: int, function: int, answer: Answer, count: int = 0) -> bytes:
    """The module's side: an answer as it goes on the line."""
    match answer:
        case Refused(code=code):
            return framed(bytes((address, function | EXCEPTION, code)))
        case Inputs(on=on):
            packed = pack(on)
            return framed(bytes((address, READ_INPUTS, len(packed))) + packed)
    return framed(bytes((address, WRITE_COILS, 0, 0, 0, count)))
