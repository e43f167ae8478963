"""A host that knows nothing of this house: written from the ccTalk specification alone, it must work with our
bus."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.cctalk_bench import Sim

PATIENCE_S = 10.0
"""For what must come, however slow the machine is: the echo, a reply."""
SILENCE_S = 0.5
"""For what must not."""


class Host:
    """The smallest ccTalk host: one request, its echo, one reply. Own checksum, own reading, no code of
    ours."""

    def __init__(self, path: str, *, has_echo: bool = True) -> None:
        self.line = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.has_echo = has_echo

    def close(self) -> None:
        os.close(self.line)

    def raw(self, message: bytes, count: int) -> bytes:
        """Send; so many bytes that come, without the echo."""
        return self._talk(message, PATIENCE_S, lambda got: len(got) >= count)

    def silent(self, message: bytes, quiet_s: float = SILENCE_S) -> bool:
        """Send; whether nothing comes but the echo."""
        return self._talk(message, quiet_s, lambda _: False) == b""

    def ask(self, address: int, header: int, *data: int) -> list[int]:
        """The reply's data; [-1] for NAK."""
        reply = self._talk(self._request(address, header, *data), PATIENCE_S, self._is_whole)
        assert reply, "nobody answers"
        assert sum(reply) % 256 == 0, "checksum"
        assert reply[0] == 1
        assert reply[1] == len(reply) - 5
        assert reply[2] == address
        if reply[3] == 5:
            return [-1]
        assert reply[3] == 0
        return list(reply[4:-1])

    def nobody(self, address: int, header: int) -> bool:
        return self.silent(self._request(address, header))

    @staticmethod
    def _request(*words: int) -> bytes:
        address, header, *data = words
        body = [address, len(data), 1, header, *data]
        return bytes(body) + bytes([(256 - sum(body) % 256) % 256])

    @staticmethod
    def _is_whole(got: bytes) -> bool:
        return len(got) >= 2 and len(got) >= got[1] + 5

    def _talk(self, message: bytes, quiet_s: float, is_done: Callable[[bytes], bool]) -> bytes:
        os.write(self.line, message)
        echo = len(message) if self.has_echo else 0
        got = b""
        while not is_done(got[echo:]):
            wait_s = quiet_s if len(got) >= echo else PATIENCE_S
            if not select.select([self.line], [], [], wait_s)[0]:
                break
            got += os.read(self.line, 512)
        assert got[:echo] == message[:echo], "one wire: the host hears itself"
        return got[echo:]

    def text(self, address: int, header: int) -> str:
        return bytes(self.ask(address, header)).decode("ascii")


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Sim]:
    found = Sim(tmp_path, "--coin-ms", "10", "--timeout-ms", "100")
    yield found
    found.stop()


@pytest.fixture
def host(sim: Sim) -> Iterator[Host]:
    found = Host(sim.address)
    yield found
    found.close()


def test_bring_up(host: Host) -> None:
    assert sorted(host.raw(bytes([0, 0, 1, 253, 2]), 5)) == [2, 3, 4, 5, 6], "address poll: bare addresses"
    for address in range(2, 7):
        assert host.ask(address, 254) == []
        assert host.ask(address, 4) == [1, 4, 7]
        assert host.text(address, 245) == ("Coin Acceptor" if address == 2 else "Payout")
        assert len(host.ask(address, 242)) == 3
        for header in (246, 244, 241, 192):
            assert host.text(address, header)
    assert host.nobody(7, 254)
    assert host.raw(bytes([5, 0, 1, 252, 254]), 1) == b"\x05", "address clash: the bare address"


def test_a_new_address(host: Host) -> None:
    assert host.ask(6, 251, 40) == []
    assert host.nobody(6, 254)
    assert host.ask(40, 254) == []
    assert host.ask(40, 251, 0) == [-1]
    assert host.ask(40, 250) == [], "a random one, out of a clash; told from the old one"
    assert len(set(host.raw(bytes([0, 0, 1, 253, 2]), 5))) == 5


def test_accepting(host: Host, sim: Sim) -> None:
    names = {position: bytes(host.ask(2, 184, position) or []).decode() for position in range(1, 17)}
    positions = {name[2:5]: position for position, name in names.items() if name.startswith("JP")}
    assert {"010", "050", "100", "500"} <= set(positions)
    hundred = positions["100"]
    assert host.ask(2, 249) is not None
    assert host.ask(2, 229) == [0] * 11
    mask = 1 << (hundred - 1)
    assert host.ask(2, 231, mask & 255, mask >> 8) == []
    assert host.ask(2, 230) == [mask & 255, mask >> 8]
    assert host.ask(2, 228, 1) == []
    assert host.ask(2, 227) == [1]
    path = (host.ask(2, 209, hundred) or [0])[0]
    host.ask(2, 229)
    assert sim.do("insert-coin", 100)["accepted"] == 1
    assert (host.ask(2, 229) or [])[:3] == [1, hundred, path]
    host.ask(2, 229)
    assert sim.do("insert-coin", 10)["returned"] == 1
    assert (host.ask(2, 229) or [])[:5] == [2, 0, 2, hundred, path], "newest first; 2: inhibited"
    assert host.ask(2, 228, 0) == []
    assert sim.do("insert-coin", 100)["returned"] == 1


def test_the_sorter_obeys(host: Host, sim: Sim) -> None:
    host.ask(2, 231, 255, 255)
    positions = [
        position for position in range(1, 17) if bytes(host.ask(2, 184, position) or []) == b"JP100A"
    ]
    host.ask(2, 229)
    assert sim.do("insert-coin", 100)["units"] == ["hopper100"]
    home = (host.ask(2, 209, positions[0]) or [0])[0]
    assert host.ask(2, 222, 255 & ~(1 << (home - 1))) == []
    assert host.ask(2, 221) == [255 & ~(1 << (home - 1))]
    host.ask(2, 229)
    assert sim.do("insert-coin", 100)["units"] == ["cashbox"], "override sends it to the default path"
    assert host.ask(2, 189, 2) == []
    assert host.ask(2, 188) == [2]
    host.ask(2, 229)
    assert sim.do("insert-coin", 100)["units"] == ["hopper10"]
    assert host.ask(2, 222, 255) == []
    assert host.ask(2, 210, positions[0], 1) == []
    host.ask(2, 229)
    assert sim.do("insert-coin", 100)["units"] == ["cashbox"]


def test_paying_by_serial_number(host: Host, sim: Sim) -> None:
    serial = host.ask(5, 242) or []
    assert (host.ask(5, 163) or [0])[0] & 0x80, "disabled at first"
    assert host.ask(5, 167, *serial, 2) == [-1], "not enabled: refused"
    assert host.ask(5, 164, 165) == []
    assert host.ask(5, 166) == [1, 0, 0, 2], "a refused one counts as an event too"
    assert host.ask(5, 167, *serial, 3) == [2]
    while (host.ask(5, 166) or [0, 1])[1]:
        pass
    assert host.ask(5, 166) == [2, 0, 3, 0]
    assert host.ask(5, 168) == [3, 0, 0]
    assert host.ask(5, 167, 0, 0, 0, 1) == [-1]
    assert sim.out() == 3


def test_paying_by_cipher_key(host: Host, sim: Sim) -> None:
    host.ask(4, 164, 165)
    assert host.ask(4, 161, *range(8)) == []
    key = host.ask(4, 160) or []
    assert len(key) == 8
    assert host.ask(4, 167, *key, 2) == [1]
    while (host.ask(4, 166) or [0, 1])[1]:
        pass
    assert host.ask(4, 167, *key, 2) == [-1], "the key rolls: a repeat is refused"
    assert sim.out() == 2


def test_stopping_and_running_dry(host: Host, sim: Sim) -> None:
    serial = host.ask(3, 242) or []
    host.ask(3, 164, 165)
    host.ask(3, 167, *serial, 200)
    left = host.ask(3, 172) or [0]
    counter, remaining, paid, unpaid = host.ask(3, 166) or []
    assert (counter, remaining, unpaid) == (1, 0, left[0])
    assert paid + unpaid == 200
    host.ask(3, 167, *serial, 100)
    while (host.ask(3, 166) or [0, 1])[1]:
        pass
    assert (host.ask(3, 166) or [])[2] == 50 - paid
    assert (host.ask(3, 163) or [0])[0] & 0x02, "payout timeout"
    assert (host.ask(3, 217) or [0])[0] & 0x11 == 0x11, "low, and the sensor is fitted"
    assert host.text(3, 171) == "JP010A"
    assert host.ask(3, 236) == [0]


def test_what_is_not_known_or_not_right_is_met_with_silence(host: Host) -> None:
    assert host.nobody(2, 99)
    assert host.silent(bytes([2, 0, 1, 254, 0])), "wrong checksum"
    assert host.silent(bytes([2, 5, 1])), "half a message, then silence: the receiver starts anew"
    assert host.ask(2, 254) == []


def test_reset_forgets_what_is_not_kept(host: Host, sim: Sim) -> None:
    host.ask(2, 231, 255, 255)
    host.ask(2, 229)
    sim.do("insert-coin", 10)
    assert host.ask(2, 1) == []
    assert host.ask(2, 229) == [0] * 11
    assert host.ask(2, 230) == [0, 0]


def test_everything_in_one_write_and_byte_by_byte(host: Host) -> None:
    poll = bytes([2, 0, 1, 254, 255])
    reply = bytes([1, 0, 2, 0, 253])
    assert host.raw(poll + poll, 10) == reply + reply

    def byte_by_byte() -> bool:
        """Not where the machine stood still for longer than a receiver waits for the next byte."""
        assert all(host.silent(bytes([byte]), 0.005) for byte in poll[:-1])
        return not host.silent(poll[-1:])

    assert any(byte_by_byte() for _ in range(20))


def test_the_other_checksum_and_no_echo(tmp_path: Path) -> None:
    """CRC-CCITT over destination, length, header, data; its halves lie where source and checksum lie
    otherwise."""
    sim = Sim(tmp_path, "--checksum", "crc16", "--no-echo")
    host = Host(sim.address, has_echo=False)

    def crc(data: bytes) -> int:
        value = 0
        for byte in data:
            value ^= byte << 8
            for _ in range(8):
                value = ((value << 1) ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
        return value

    wanted = crc(bytes([2, 0, 245]))
    reply = host.raw(bytes([2, 0, wanted & 255, 245, wanted >> 8]), len(b"Coin Acceptor") + 5)
    assert reply[4:-1] == b"Coin Acceptor"
    assert crc(reply[:2] + reply[3:-1]) == reply[2] | reply[-1] << 8
    host.close()
    sim.stop()


def test_devices_that_refuse_unknown_headers_aloud(tmp_path: Path) -> None:
    sim = Sim(tmp_path, "--nak-unknown")
    host = Host(sim.address)
    assert host.ask(2, 99) == [-1]
    host.close()
    sim.stop()


def test_the_coins_outlive_the_simulator(sim: Sim, host: Host) -> None:
    serial = host.ask(5, 242) or []
    host.ask(5, 164, 165)
    host.ask(5, 167, *serial, 3)
    while (host.ask(5, 166) or [0, 1])[1]:
        pass
    before = sim.do("state")["places"]
    sim.stop()
    sim.start()
    assert sim.do("state")["places"] == before
    again = Host(sim.address)
    assert again.ask(5, 166) == [0, 0, 3, 0], "the counter begins anew, what was paid is kept"
    assert again.ask(5, 168) == [3, 0, 0]
    again.close()


def test_no_coin_is_ever_made_or_lost(sim: Sim, host: Host) -> None:
    host.ask(2, 231, 255, 255)
    for face in (10, 50, 100, 500, 5):
        host.ask(2, 229)
        sim.do("insert-coin", face)
    sim.do("fill", "hopper10", 7)
    serial = host.ask(3, 242) or []
    host.ask(3, 164, 165)
    host.ask(3, 167, *serial, 4)
    while (host.ask(3, 166) or [0, 1])[1]:
        pass
    sim.do("empty", "hopper500")
    sim.do("take-coins")
    places = sim.do("state")["places"]
    came = sum(sum(places[source].values()) for source in ("inserted", "filled"))
    lies = sum(sum(held.values()) for place, held in places.items() if place not in ("inserted", "filled"))
    assert came == lies == 4 * 50 + 5 + 7


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("insert-coin", ("1000",)),
        ("insert-coin", ("100", "-1")),
        ("fill", ("cashbox", "3")),
        ("jam", ("hopper10", "lid")),
        ("fault", ("gremlin",)),
        ("reset", ("hopper1",)),
    ],
)
def test_a_wrong_verb_is_refused_with_a_reason(sim: Sim, verb: str, args: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match="ValueError"):
        sim.do(verb, *args)
