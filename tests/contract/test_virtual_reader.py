"""The virtual card's line to vpcd, and its control verbs: this test is the reader."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.jpki.sim.box import ATRS
from drivers.jpki.sim.card import Fault
from drivers.jpki.sim.vpcd import ATR, OFF, ON, RESET, Reader
from drivers.transport import control
from kiosk.errors import DeviceTimeout, DeviceUnavailable
from tests.contract.cards import box, card

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
TRIES = bytes.fromhex("00200098")
PATIENCE_S = 10.0


class Vpcd:
    """As vsmartcard's: two bytes of length, then the payload; and it listens."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self.port = int(self._listener.getsockname()[1])
        self.card: socket.socket | None = None

    def accept(self) -> None:
        if self.card is not None:
            self.card.close()
        self.card, _ = self._listener.accept()
        self.card.settimeout(PATIENCE_S)

    def send(self, payload: bytes, in_pieces: bool = False) -> None:
        assert self.card is not None
        message = len(payload).to_bytes(2, "big") + payload
        for each in [message[at : at + 1] for at in range(len(message))] if in_pieces else [message]:
            self.card.sendall(each)

    def receive(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(2), "big"))

    def ask(self, payload: bytes) -> str:
        self.send(payload)
        return self.receive().hex().upper()

    def _exactly(self, size: int) -> bytes:
        assert self.card is not None
        got = b""
        while len(got) < size:
            piece = self.card.recv(size - len(got))
            if not piece:
                raise EOFError
            got += piece
        return got

    def close(self) -> None:
        if self.card is not None:
            self.card.close()
        self._listener.close()


@pytest.fixture
def vpcd() -> Iterator[Vpcd]:
    made = Vpcd()
    yield made
    made.close()


@pytest.fixture
def reader(vpcd: Vpcd) -> Iterator[Reader]:
    made = Reader("127.0.0.1", vpcd.port)
    yield made
    made.remove()


def test_power_atr_and_commands(vpcd: Vpcd, reader: Reader) -> None:
    reader.place(card())
    vpcd.accept()
    vpcd.send(bytes([ON]))
    assert vpcd.ask(bytes([ATR])) == ATRS["contact"].hex().upper()
    assert [vpcd.ask(each) for each in (SELECT, TRIES)] == ["9000", "63C3"]
    vpcd.send(SELECT, in_pieces=True)
    assert vpcd.receive() == b"\x90\x00"
    for hand in (RESET, OFF, ON):
        vpcd.send(bytes([hand]))
        assert vpcd.ask(TRIES) == "6986"
        vpcd.ask(SELECT)


@pytest.mark.parametrize("atr", sorted(ATRS))
def test_the_atr_is_well_formed(atr: str) -> None:
    """ISO/IEC 7816-3 §8.2: the check byte makes all bytes from T0 on come out as zero."""
    value = 0
    for each in ATRS[atr][1:]:
        value ^= each
    assert value == 0 and ATRS[atr][0] == 0x3B


def test_a_removed_card_is_a_closed_line_and_the_next_one_is_another(vpcd: Vpcd, reader: Reader) -> None:
    reader.place(card())
    vpcd.accept()
    reader.remove()
    with pytest.raises(EOFError):
        vpcd.ask(TRIES)
    assert not reader.is_occupied
    reader.place(card("taro"))
    vpcd.accept()
    assert vpcd.ask(SELECT) == "9000"


@pytest.mark.parametrize("kind", ["vanish-at", "mute-at"])
def test_a_card_that_vanishes_or_is_silent_can_be_taken_away(vpcd: Vpcd, reader: Reader, kind: str) -> None:
    reader.place(card(faults=(Fault(kind, 2),)))
    vpcd.accept()
    assert vpcd.ask(SELECT) == "9000"
    vpcd.send(TRIES)
    if kind == "mute-at":
        assert reader.is_occupied
        reader.remove()
    with pytest.raises(EOFError):
        vpcd.receive()


def test_a_slow_card_is_interrupted_by_its_removal(vpcd: Vpcd) -> None:
    reader = Reader("127.0.0.1", vpcd.port, latency_s=3600)
    reader.place(card())
    vpcd.accept()
    vpcd.send(SELECT)
    reader.remove()
    with pytest.raises(EOFError):
        vpcd.receive()


def test_a_reader_that_never_comes_is_given_up() -> None:
    free = socket.create_server(("127.0.0.1", 0))
    port = int(free.getsockname()[1])
    free.close()
    reader = Reader("127.0.0.1", port, place_timeout_s=0.5)
    with pytest.raises(DeviceTimeout):
        reader.place(card())
    assert not reader.is_occupied


def test_one_command_makes_a_card_and_lays_it_down(vpcd: Vpcd, tmp_path: Path) -> None:
    argv = ["-m", "drivers.jpki.sim.main", "--person", "taro", "--port", str(vpcd.port), "--device", "iphone"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    faults = ["--fault", "wrong-sw:2:6F00", "--fault", "truncate:3"]
    process = subprocess.Popen(
        [sys.executable, *argv, *faults],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=environment,
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == b'{"ready": true}\n'
        vpcd.accept()
        assert [vpcd.ask(SELECT), vpcd.ask(SELECT)] == ["9000", "6F00"]
        assert vpcd.ask(bytes.fromhex("00B0860020")) == b"JPKIAPIOSTOKEN  ".hex().upper() + "9000"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert (tmp_path / "madoguchi-card" / "cards" / "taro" / "memory.json").exists()


def test_the_verbs(vpcd: Vpcd, tmp_path: Path) -> None:
    state = tmp_path / "box"
    shutil.copytree(box(), state)
    argv = ["-m", "drivers.jpki.sim.main", "run", "--state", str(state), "--port", str(vpcd.port)]
    path = tmp_path / "control.sock"
    process = subprocess.Popen(
        [sys.executable, *argv, "--control", str(path), "--person", "taro"],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == b'{"ready": true}\n'
        vpcd.accept()
        assert vpcd.ask(SELECT) == "9000"
        vpcd.ask(bytes.fromhex("0020009804") + b"7391")
        said = control.request(path, "status")
        assert (said["ok"], said["occupied"], said["count"]) == (True, True, 2)
        assert said["commands"][1] == "00200098 [4] Ne 0" and "7391" not in str(said)
        assert said["tries"]["jpki.auth"] == 2
        assert control.request(path, "remove-card")["ok"]
        assert control.request(path, "fault", "wrong-sw", "1", "6F00")["faults"] == ["wrong-sw"]
        assert control.request(path, "option", "atr", "typeb")["ok"]
        assert control.request(path, "place-card", "hanako") == {"ok": True, "card": "hanako"}
        vpcd.accept()
        assert vpcd.ask(bytes([ATR])) == ATRS["typeb"].hex().upper()
        assert vpcd.ask(SELECT) == "6F00"
        for bad in (
            ["place-card", "nobody"],
            ["fault", "gravity"],
            ["option", "atr", "x"],
            ["sing"],
            ["status", "1"],
        ):
            assert not control.request(path, *bad)["ok"], bad
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert not path.exists()
    with pytest.raises(DeviceUnavailable):
        control.request(path, "status")
