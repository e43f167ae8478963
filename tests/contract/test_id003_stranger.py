"""A host that knows nothing of this house: written from public facts of ID-003 alone, it must work with our device."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.id003_bench import Sim

PATIENCE_S = 20.0
"""For what must come, however slow the machine is."""
SILENCE_S = 0.2
"""For what must not."""


class Host:
    """The smallest ID-003 host: one request, one reply. Own checksum, own reading, no code of ours."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port))

    def close(self) -> None:
        self.line.close()

    def raw(self, message: bytes, quiet_s: float = PATIENCE_S) -> bytes:
        """Send; the reply that comes, or nothing for so long."""
        self.line.sendall(message)
        got = b""
        while not (len(got) > 1 and len(got) >= got[1]) and select.select([self.line], [], [], quiet_s)[0]:
            got += self.line.recv(512)
        return got

    def ask(self, *request: int) -> list[int]:
        """The reply's command and data; empty when there is none."""
        body = bytes([0xFC, len(request) + 4, *request])
        reply = self.raw(body + self.crc(body), 0.02 if request == (0x50,) else PATIENCE_S)
        if not reply:
            return []
        assert reply[0] == 0xFC
        assert reply[1] == len(reply)
        assert reply[-2:] == self.crc(reply[:-2])
        return list(reply[2:-2])

    def status(self) -> list[int]:
        return self.ask(0x11)

    def until(self, code: int) -> list[int]:
        """Poll as hosts do, until that status comes."""
        give_up_s = time.monotonic() + PATIENCE_S
        while (found := self.status())[0] != code:
            assert time.monotonic() < give_up_s, f"status {code:02x} did not come; last {found}"
            select.select([], [], [], 0.01)
        return found

    @staticmethod
    def crc(data: bytes) -> bytes:
        value = 0
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = (value >> 1) ^ 0x8408 if value & 1 else value >> 1
        return bytes([value & 255, value >> 8])


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    found = Sim(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def host(sim: Sim) -> Iterator[Host]:
    found = Host(sim.port)
    yield found
    found.close()


def bring_up(host: Host) -> dict[int, int]:
    """Reset, set all, open. Which escrow code is which amount."""
    assert host.status() == [0x40]
    assert host.ask(0x40) == [0x50]
    host.until(0x1A)
    assert b"SIM" in bytes(host.ask(0x88))
    table = host.ask(0x8A)[1:]
    groups = [table[at : at + 4] for at in range(0, len(table), 4)]
    for request in ([0xC0, 0, 0], [0xC1, 0, 0], [0xC2, 0], [0xC4, 0], [0xC5, 2, 0], [0xC3, 0]):
        assert host.ask(*request) == request, "a set command is confirmed by its echo"
    assert host.ask(0x83) == [0x83, 0]
    host.until(0x11)
    return {code: value * 10**power for code, _, value, power in groups if value}


def test_taking_a_note(host: Host, sim: Sim) -> None:
    amounts = bring_up(host)
    assert set(amounts.values()) == {1000, 2000, 5000, 10000}
    assert sim.do("insert-note", 5000)["drawn_in"]
    code = host.until(0x13)[1]
    assert amounts[code] == 5000
    assert host.ask(0x42) == [0x50]
    assert host.until(0x14) == [0x14, 0]
    for _ in range(5):
        assert host.until(0x15) == [0x15], "VEND VALID until ACK"
    assert host.ask(0x50) == [], "ACK has no reply"
    host.until(0x16)
    host.until(0x11)
    assert sim.do("state")["units"]["cashbox"] == {"note5000": 1}


def test_stack_1_says_vend_valid_at_the_lever(host: Host, sim: Sim) -> None:
    bring_up(host)
    sim.do("insert-note", 1000)
    host.until(0x13)
    assert host.ask(0x44) == [0x50], "hold"
    host.until(0x19)
    assert host.ask(0x41) == [0x50]
    host.until(0x15)
    assert sim.at("recycler1000") == 30, "not in yet"
    host.ask(0x50)
    host.until(0x11)
    assert sim.at("recycler1000") == 31


def test_giving_a_note_back_and_refusing_one(host: Host, sim: Sim) -> None:
    amounts = bring_up(host)
    sim.do("insert-note", 10000, "old")
    assert amounts[host.until(0x13)[1]] == 10000
    assert host.ask(0x43) == [0x50]
    host.until(0x18)
    host.until(0x11)
    assert sim.at("returned") == 1
    bit = sum(1 << (code - 0x61) for code, amount in amounts.items() if amount == 1000)
    assert host.ask(0xC0, bit, 0) == [0xC0, bit, 0]
    sim.do("insert-note", 1000)
    assert host.until(0x17) == [0x17, 0x79]
    host.until(0x11)
    assert host.ask(0xC3, 1) == [0xC3, 1]
    host.until(0x1A)
    assert not sim.do("insert-note", 1000)["drawn_in"]


def test_paying_out(host: Host, sim: Sim) -> None:
    bring_up(host)
    host.ask(0xC3, 1)
    assert host.ask(0xF0, 0x20, 0x90)[:3] == [0xF0, 0x20, 0x90]
    assert host.ask(0xF0, 0x20, 0xA2) == [0xF0, 0x20, 0xA2, 30, 0, 0, 0]
    assert host.ask(0xF0, 0x20, 0xD2, 40, 0, 1) == [0xF0, 0x20, 0xD2, 40, 0, 1], "a limit of the box"
    assert host.ask(0xF0, 0x20, 0x92) == [0xF0, 0x20, 0x92, 40, 0, 0, 0]
    assert host.ask(0xF0, 0x20, 0x4A, 2, 1) == [0x50]
    for _ in range(2):
        host.until(0x24)
        sim.do("take-note")
        for _ in range(3):
            assert host.until(0x23) == [0x23], "PAY VALID until ACK"
        assert host.ask(0x50) == []
        assert host.ask(0xF0, 0x20, 0xA2)[3] == 28, "one is out, one on its way; then two are out"
    host.until(0x1A)
    assert sim.at("taken") == 2


def test_a_note_that_is_not_taken_and_an_emergency_stop(tmp_path: Path) -> None:
    sim = Sim(tmp_path, "--bezel-ms", "100")
    host = Host(sim.port)
    bring_up(host)
    host.ask(0xF0, 0x20, 0x4A, 5, 1)
    host.until(0x24)
    assert host.ask(0xF0, 0x20, 0x4D) == [0x50]
    host.until(0x25)
    host.until(0x11)
    assert host.ask(0xF0, 0x20, 0xA2)[3] == 30
    host.close()
    sim.stop()


@pytest.mark.parametrize(
    ("verb", "args", "code"),
    [
        ("stacker-full", (), [0x43]),
        ("stacker-out", (), [0x44]),
        ("jam", ("user",), [0x45]),
        ("jam", ("staff",), [0x46]),
        ("cheat", (), [0x48]),
        ("fail", ("A6",), [0x49, 0xA6]),
        ("jam", ("recycler",), [0x4C]),
    ],
)
def test_what_is_wrong_is_a_status(
    host: Host, sim: Sim, verb: str, args: tuple[str, ...], code: list[int]
) -> None:
    bring_up(host)
    sim.do(verb, *args)
    assert host.status() == code
    sim.do("clear")
    host.until(0x1A)


def test_power_with_a_note_inside(host: Host, sim: Sim) -> None:
    bring_up(host)
    sim.do("insert-note", 1000)
    host.until(0x13)
    sim.stop()
    host.close()
    sim.start()
    again = Host(sim.port)
    assert again.status() == [0x41]
    assert again.ask(0x40) == [0x50]
    again.until(0x18)
    again.until(0x1A)
    assert sim.at("returned") == 1
    again.close()


def test_what_is_not_known_or_not_right(host: Host) -> None:
    assert host.ask(0x99) == [0x4B]
    assert host.ask(0x41) == [0x4B], "no note to stack"
    assert host.raw(bytes([0xFC, 5, 0x11, 0, 0]))[2] == 0x4A
    assert host.raw(bytes([0xFC, 5, 0x11]), SILENCE_S) == b"", (
        "half a message, then silence: the receiver starts anew"
    )
    assert host.status() == [0x40]

    def byte_by_byte() -> bytes:
        """Nothing where the machine stood still for longer than a receiver waits for the next byte."""
        assert all(host.raw(bytes([byte]), 0.005) == b"" for byte in bytes.fromhex("FC051127"))
        return host.raw(b"\x56", 1.0)

    assert next(filter(None, (byte_by_byte() for _ in range(20))))[2] == 0x40


def test_no_note_is_ever_made_or_lost(host: Host, sim: Sim) -> None:
    bring_up(host)
    sim.do("insert-note", 2000)
    host.until(0x13)
    sim.do("jam", "staff")
    sim.do("clear")
    sim.do("fill", 7)
    sim.do("empty", "recycler1000")
    places = sim.do("state")["places"]
    came = sum(sum(places[source].values()) for source in ("inserted", "filled"))
    lies = sum(sum(held.values()) for place, held in places.items() if place not in ("inserted", "filled"))
    assert came == lies == 30 + 1 + 7
    assert places["pulled-out"] == {"N2000D": 1}


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("insert-note", ("500",)),
        ("insert-note", ("1000", "torn")),
        ("jam", ("lid",)),
        ("fault", ("gremlin",)),
        ("fill", ("-1",)),
    ],
)
def test_a_wrong_verb_is_refused_with_a_reason(sim: Sim, verb: str, args: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="ValueError"):
        sim.do(verb, *args)
