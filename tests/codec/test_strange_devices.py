"""Devices that know nothing of this house, at the other end of our drivers: written from the protocols' tables alone,
with code of their own, slow, one byte at a time. What the simulators take for granted, these do otherwise.
"""

from __future__ import annotations

import pytest

from drivers.cctalk.driver import CcTalk
from drivers.cctalk.settings import read_options
from drivers.id003.driver import Id003
from drivers.id003.settings import read_options as id003_options
from drivers.transport.line_thread import LineSettings, LineThread
from drivers.transport.sim.memory import MemoryPair, VirtualClock
from kiosk.ids import DeviceId, OpId
from kiosk.money import Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    CoinAccepted,
    DeviceArrived,
    Dispense,
    DispenseEnded,
    Event,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NoteStacked,
    Outcome,
    SetAcceptance,
    StackNote,
    StartAcceptor,
    StartNoteAcceptor,
)

GAP_S = 0.004
"""Between two bytes of a slow device; the receiver waits 50 ms."""


class Bench:
    """A production driver at a cable whose far end is `hear`."""

    def __init__(self, talk: object, settings: LineSettings) -> None:
        self.clock = VirtualClock()
        self.pair = MemoryPair(self.clock)
        self.told: list[Event] = []
        self.line = LineThread(
            "strange", talk, settings, self.told.append, clock=self.clock, open_port=self.pair.open
        )  # type: ignore[arg-type]

    def say(self, data: bytes) -> None:
        for at in range(len(data)):
            self.pair.pause(GAP_S)
            self.pair.say(data[at : at + 1])

    def until(self, kind: type[Event], seconds: float = 60.0) -> Event:
        end = self.clock.now_s + seconds
        while self.clock.now_s < end:
            for at, event in enumerate(self.told):
                if isinstance(event, kind):
                    del self.told[: at + 1]
                    return event
            self.clock.now_s = max(self.clock.now_s, min(self.line.wake_at, end))
            self.line.step()
        raise AssertionError(f"no {kind.__name__}: {self.told}")


# --- ccTalk -----------------------------------------------------------------------------------------------------------


def crc(data: bytes) -> int:
    """CRC-16, polynomial 0x1021, start 0, most significant bit first, by long division."""
    value = int.from_bytes(data + b"\0\0", "big")
    for bit in range(len(data) * 8 + 15, 15, -1):
        if value >> bit & 1:
            value ^= 0x11021 << (bit - 16)
    return value


class Wire:
    """One wire: everybody hears everything. An acceptor at 2, a hopper of 100 yen at 9."""

    def __init__(self, checksum: str, security: str) -> None:
        self.has_crc, self.wants_key = checksum == "crc16", security == "cipher"
        self.got = b""
        self.counter, self.ring = 254, [(0, 0)] * 5
        self.master = self.mask = 0
        self.enabled = False
        self.event = self.paid = self.unpaid = self.remaining = 0
        self.lifetime, self.pieces = 1000, 7
        self.key = bytes(range(1, 9))
        self.dispenses = 0
        hooks: tuple[str, str] = (checksum, security)
        options = {
            "port": "m",
            "acceptor": {"id": "coin1", "address": 2, "checksum": hooks[0]},
            "hoppers": [
                {
                    "id": "hopper100",
                    "address": 9,
                    "denomination": "coin100",
                    "checksum": hooks[0],
                    **({"cipher": "plain"} if self.wants_key else {}),
                }
            ],
        }
        self.bench = Bench(
            CcTalk(read_options(DeviceId("cash"), options)), LineSettings("m", reply_timeout_s=0.4)
        )
        self.bench.pair.far = self.hear

    def frame(self, source: int, header: int, data: bytes) -> bytes:
        if self.has_crc:
            check = crc(bytes((1, len(data), header)) + data)
            return bytes((1, len(data), check & 255, header)) + data + bytes((check >> 8,))
        body = bytes((1, len(data), source, header)) + data
        return body + bytes((-sum(body) % 256,))

    def hear(self, data: bytes) -> None:
        if not data:
            self.got = b""
            return
        self.bench.pair.say(data)  # the echo
        self.got += data
        if len(self.got) < 2 or len(self.got) < self.got[1] + 5:
            return
        raw, self.got = self.got, b""
        address, header, body = raw[0], raw[3], raw[4:-1]
        if self.has_crc:
            assert crc(bytes((address, raw[1], header)) + body) == raw[2] | raw[-1] << 8
        else:
            assert sum(raw) % 256 == 0 and raw[2] == 1
        answer = (
            self.acceptor(header, body)
            if address == 2
            else self.hopper(header, body)
            if address == 9
            else None
        )
        if answer is not None:
            self.bench.say(self.frame(address, 0, answer))

    def named(self, header: int, category: bytes, serial: int) -> bytes | None:
        words = {246: b"XYZ", 245: category, 244: b"Q7", 241: b"v1", 192: b"b1", 4: b"\1\4\7"}
        if header == 254:
            return b""
        return serial.to_bytes(3, "little") if header == 242 else words.get(header)

    def acceptor(self, header: int, body: bytes) -> bytes | None:
        match header:
            case 249:
                return b"\2\x14"
            case 184:
                coins = {1: b"EU100A", 3: b"JP100A", 4: b"JP500C"}
                return coins.get(body[0], b"......")
            case 231:
                self.mask = int.from_bytes(body, "little")
                return b""
            case 230:
                return self.mask.to_bytes(2, "little")
            case 228:
                self.master = body[0] & 1
                return b""
            case 227:
                return bytes((self.master,))
            case 229:
                return bytes((self.counter, *(value for pair in self.ring for value in pair)))
            case 232:
                return b"\0"
            case 209:
                return b"\2\1\1\1"
        return self.named(header, b"Coin Acceptor", 77)

    def drop(self, position: int) -> bool:
        """A coin falls in."""
        if not self.master or not self.mask >> (position - 1) & 1:
            return False
        self.counter = 1 if self.counter == 255 else self.counter + 1
        self.ring = [(position, 2), *self.ring[:4]]
        return True

    def hopper(self, header: int, body: bytes) -> bytes | None:
        match header:
            case 164:
                self.enabled = body == b"\xa5"
                return b""
            case 163:
                return b"\0" if self.enabled else b"\x80"
            case 161:
                return b"" if self.wants_key else None
            case 160:
                return self.key if self.wants_key else None
            case 167:
                security, count = body[:-1], body[-1]
                if security != (self.key if self.wants_key else (88).to_bytes(3, "little")):
                    return None
                self.key = self.key[1:] + self.key[:1]  # it rolls: the same command again is refused
                self.dispenses += 1
                self.event = self.event % 255 + 1
                self.paid = min(count, self.pieces)
                self.unpaid = count - self.paid
                self.pieces -= self.paid
                self.lifetime += self.paid
                return bytes((self.event,))
            case 166:
                return bytes((self.event, 0, self.paid, self.unpaid))
            case 168:
                return self.lifetime.to_bytes(3, "little")
            case 217:
                return b"\0"
        return self.named(header, b"Payout", 88)


@pytest.mark.parametrize("security", ["serial", "cipher"])
@pytest.mark.parametrize("checksum", ["sum8", "crc16"])
def test_a_strange_acceptor_and_hopper(checksum: str, security: str) -> None:
    wire = Wire(checksum, security)
    bench, coin1 = wire.bench, DeviceId("coin1")
    bench.until(HopperRead)
    bench.line.perform(StartAcceptor(coin1, None))
    bench.line.perform(SetAcceptance(coin1, (Denomination.COIN100,)))
    while not getattr(bench.until(AcceptanceSet), "denominations", ()):
        pass
    assert not wire.drop(4), "500 yen are not let in"
    told = []
    for _ in range(3):  # its counter goes 255, 1, 2
        assert wire.drop(3)
        told.append(bench.until(CoinAccepted))
    assert [getattr(each, "denomination", None) for each in told] == [Denomination.COIN100] * 3
    assert len({getattr(each, "seq", 0) for each in told}) == 3
    bench.line.perform(Dispense(OpId("op1"), DeviceId("hopper100"), 3))
    ended = bench.until(DispenseEnded)
    assert isinstance(ended, DispenseEnded)
    assert (ended.outcome, ended.paid, wire.dispenses) == (Outcome.CONFIRMED, 3, 1)
    bench.line.perform(Dispense(OpId("op2"), DeviceId("hopper100"), 9))
    short = bench.until(DispenseEnded)
    assert isinstance(short, DispenseEnded)
    assert (short.outcome, short.paid, wire.dispenses) == (Outcome.PARTIAL, 4, 2)


# --- ID-003 -----------------------------------------------------------------------------------------------------------


def kermit(data: bytes) -> bytes:
    """CRC-16, polynomial 0x1021 reflected, start 0, low byte first; a bit at a time from the other side."""
    register = 0
    for bit in (byte >> at & 1 for byte in data for at in range(8)):
        register = register >> 1 ^ (0x8408 if (register ^ bit) & 1 else 0)
    return bytes((register & 255, register >> 8))


class Validator:
    """One note, 1000 yen, no recycler. It says VEND VALID until it is told that it was heard."""

    def __init__(self) -> None:
        self.got = b""
        self.state, self.is_open, self.acks, self.stacks = 0x1B, False, 0, 0
        self.kept: dict[int, bytes] = {0xC3: b"\1"}
        table = {"port": "m", "acceptor": {"id": "note1"}}
        talk = Id003(id003_options(DeviceId("notes"), table).unit)
        self.bench = Bench(talk, LineSettings("m", parity="E", reply_timeout_s=0.5))
        self.bench.pair.far = self.hear

    def hear(self, data: bytes) -> None:
        if not data:
            self.got = b""
            return
        self.got += data
        if len(self.got) < 2 or len(self.got) < self.got[1]:
            return
        raw, self.got = self.got, b""
        assert raw[0] == 0xFC and kermit(raw[:-2]) == raw[-2:]
        answer = self.answer(raw[2], raw[3:-2])
        if answer is not None:
            body = bytes((0xFC, len(answer) + 4)) + answer
            self.bench.say(body + kermit(body))

    def answer(self, command: int, data: bytes) -> bytes | None:
        match command:
            case 0x11:
                said = self.state
                if said in (0x12, 0x14, 0x1B):
                    self.state = {0x12: 0x13, 0x14: 0x15, 0x1B: 0x1A}[said]
                elif said == 0x16:
                    self.state = 0x11
                return bytes((said, 0x63)) if said == 0x13 else bytes((said,))
            case 0x50:
                self.acks += self.state == 0x15
                self.state = 0x16
                return None
            case 0x40:
                self.state = 0x1B
                return b"\x50"
            case 0x41 | 0x42 if self.state == 0x13:
                self.stacks += 1
                self.state = 0x14
                return b"\x50"
            case 0xC3:
                self.is_open = data == b"\0"
                self.state = 0x11 if self.is_open else 0x1A
            case 0x88:
                return b"\x88U(JPN)-99-SS ID003-05 V001"
            case 0x8A:
                return b"\x8a\x63\x12\x01\x03"
            case _ if 0x80 <= command <= 0x85:
                return bytes((command,)) + self.kept.get(command + 0x40, b"\0")
            case _ if command < 0xC0:
                return b"\x4b"
        self.kept[command] = data
        return bytes((command,)) + data


def test_a_strange_validator() -> None:
    unit = Validator()
    bench, note1 = unit.bench, DeviceId("note1")
    bench.until(DeviceArrived)
    bench.line.perform(StartNoteAcceptor(note1))
    assert getattr(bench.until(AcceptanceSet), "denominations", None) == (), "shut, and at rest"
    bench.line.perform(SetAcceptance(note1, (Denomination.NOTE1000,)))
    while not getattr(bench.until(AcceptanceSet), "denominations", ()):
        pass
    unit.state = 0x12
    held = bench.until(NoteEscrowed)
    assert getattr(held, "denomination", None) is Denomination.NOTE1000
    assert unit.stacks == 0, "it waits for the word"
    bench.line.perform(StackNote(OpId("n1"), note1))
    bench.until(NoteCredited)
    for _ in range(20):
        bench.clock.now_s = max(bench.clock.now_s, bench.line.wake_at)
        bench.line.step()
    assert (unit.acks, unit.state) == (0, 0x15), "it is not acknowledged before it is durable"
    bench.line.perform(AcknowledgeCredit(OpId("n1"), note1))
    bench.until(NoteStacked)
    assert (unit.acks, unit.stacks) == (1, 1)
