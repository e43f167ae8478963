"""The card process's loop and the core's client, over a socket pair and the virtual card: no reader, no pcscd."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.card_service import client, messages
from drivers.card_service.service import EXIT_STUCK, CardService, Places, Users
from kiosk import ports
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ipc import fresh
from kiosk.ipc.fresh import Ping, Pong
from kiosk.ipc.secret_slot import ACCEPTED, SECRET_MAX
from kiosk.ipc.wire import LINE_MAX, NEED_DATA
from kiosk.ports import NumberPart
from tests.contract.cards import DEVICE, PIN, Held, Seen, card, cv_roots, number_b

PATIENCE_S = 20.0
PARTS = (NumberPart.BIRTH, NumberPart.EXPIRY, NumberPart.CODE)


class Process:
    """A card process as a thread, and the core's end of its socket."""

    def __init__(self, path: Path, core: socket.socket) -> None:
        self.held = Held(card())
        us = os.geteuid()
        places = Places(path / "pin.sock", path / "number.sock", path / "photo.sock")
        self.service = CardService(
            core, DeviceId("inside"), places, Users(us, us), lambda _: self.held, cv_roots()
        )
        self._thread = threading.Thread(target=self._run, args=(core,), daemon=True)
        self._thread.start()

    def _run(self, core: socket.socket) -> None:
        with core:
            self.service.run()

    def insert(self) -> None:
        self.service.tell_reader(Seen())
        self.service.tell_reader(Seen(has_card=True, insertions=1))

    def has_ended(self) -> bool:
        self._thread.join(PATIENCE_S)
        return not self._thread.is_alive()


class Here:
    """The core's end, by hand."""

    def __init__(self, path: Path) -> None:
        self.end, other = socket.socketpair()
        self.end.settimeout(PATIENCE_S)
        self.process = Process(path, other)
        self._decoder = messages.event_decoder()

    def next(self) -> messages.CardEvent | Pong | None:
        while True:
            event = self._decoder.next_message()
            if event is not NEED_DATA:
                return event
            data = self.end.recv(4096)
            if not data:
                return None
            self._decoder.feed(data)

    def send(self, *commands: messages.CardCommand | Ping) -> None:
        self.end.sendall(b"".join(map(messages.line, commands)))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    made = Here(tmp_path)
    yield made
    made.end.close()
    assert made.process.has_ended()


def _enter(path: Path, slot: str, digits: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        peer.settimeout(PATIENCE_S)
        peer.connect(os.fspath(path / "pin.sock"))
        peer.send(bytes.fromhex(slot) + bytes([len(digits)]) + digits.ljust(SECRET_MAX, b"\0"))
        return peer.recv(2)


def test_a_whole_session(here: Here, tmp_path: Path) -> None:
    here.process.insert()
    kinds = [type(here.next()) for _ in range(3)]
    assert kinds == [ports.DeviceArrived, ports.CardInserted, ports.CardRead]
    here.send(ports.OpenPinSlot(DEVICE))
    opened = here.next()
    assert isinstance(opened, ports.PinSlotOpened)
    assert _enter(tmp_path, opened.slot, PIN.encode()) == ACCEPTED
    assert isinstance(here.next(), ports.PinAccepted)
    here.send(ports.SignChallenge(DEVICE, OpId("a" * 32), b"message"), ports.EndCardSession(DEVICE))
    assert isinstance(here.next(), ports.ChallengeSigned)
    here.process.service.tell_reader(Seen(insertions=2))
    assert isinstance(here.next(), ports.CardRemoved)
    assert here.next() is None
    assert not here.process.held.is_powered


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"{}\n",
        b'{"type":"Dispense"}\n',
        b'{"type":"OpenPinSlot","device":"card1","pin":"1234"}\n',
        b"\xff" * 100 + b"\n",
        b"x" * (LINE_MAX + 1),
    ],
)
def test_a_core_that_speaks_nonsense_is_left_and_the_card_loses_its_power(here: Here, said: bytes) -> None:
    here.process.insert()
    for _ in range(3):
        here.next()
    here.end.sendall(said)
    assert here.process.has_ended()
    assert not here.process.held.is_powered


def test_a_core_that_goes_away_ends_the_process_and_the_slot(here: Here, tmp_path: Path) -> None:
    here.process.insert()
    for _ in range(3):
        here.next()
    here.send(ports.OpenPinSlot(DEVICE))
    here.next()
    here.end.close()
    assert here.process.has_ended()
    assert not here.process.held.is_powered and not (tmp_path / "pin.sock").exists()


def test_stopping_takes_the_power_away(here: Here) -> None:
    here.process.insert()
    for _ in range(3):
        here.next()
    here.process.service.stop()
    assert here.process.has_ended()
    assert not here.process.held.is_powered


def test_commands_in_pieces_and_many_at_once_are_the_same(here: Here) -> None:
    here.process.insert()
    for _ in range(3):
        here.next()
    data = messages.line(ports.OpenPinSlot(DEVICE)) + messages.line(ports.ClosePinSlot(DEVICE))
    for at in range(len(data)):
        here.end.sendall(data[at : at + 1])
    here.end.sendall(data)
    kinds = [type(here.next()) for _ in range(4)]
    assert kinds == [ports.PinSlotOpened, ports.PinSlotClosed] * 2


def test_the_loop_that_works_says_that_it_is_there(here: Here) -> None:
    here.send(Ping())
    assert here.next() == Pong()


def test_the_number_comes_before_its_card_and_the_photo_goes_past_the_core(
    here: Here, tmp_path: Path
) -> None:
    b = number_b()
    for part, digits in zip(PARTS, (b[:6], b[6:10], b[10:]), strict=True):
        here.send(ports.OpenNumberSlot(DEVICE, part))
        opened = here.next()
        assert isinstance(opened, ports.NumberSlotOpened) and opened.length == len(digits)
        assert _enter(tmp_path, opened.slot, digits.encode()) == ACCEPTED
        assert here.next() == ports.NumberPartTaken(DeviceId("inside"), part, opened.slot)
    here.process.insert()
    kinds = [type(here.next()) for _ in range(4)]
    assert kinds == [ports.DeviceArrived, ports.CardInserted, ports.CardRead, ports.SurfaceRead]
    got: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as vision:
        vision.bind(os.fspath(tmp_path / "photo.sock"))
        vision.listen()
        taker = threading.Thread(target=_take_photo, args=(vision, got))
        taker.start()
        slot = SlotId("ab" * 16)
        here.send(ports.HandOverPhoto(DEVICE, slot))
        assert here.next() == ports.PhotoHandedOver(DeviceId("inside"), slot, True)
        taker.join(PATIENCE_S)
    assert got[0][:16].hex() == slot and got[0][16:].startswith(bytes.fromhex("0000000C6A502020"))
    here.send(ports.HandOverPhoto(DEVICE, slot))  # nobody listens any more
    assert here.next() == ports.PhotoHandedOver(DeviceId("inside"), slot, False)


def _take_photo(vision: socket.socket, got: list[bytes]) -> None:
    peer, _ = vision.accept()
    with peer:
        got.append(peer.recv(300_000))
        peer.send(b"\x01")


def test_a_road_that_cannot_be_made_ends_the_session(tmp_path: Path) -> None:
    here = Here(tmp_path / "missing")
    here.process.insert()
    for _ in range(3):
        here.next()
    here.send(ports.OpenPinSlot(DEVICE))
    assert here.next() == ports.CardFailed(DeviceId("inside"), "no-slot")
    here.end.close()
    assert here.process.has_ended()


def test_a_reader_that_hangs_ends_the_process() -> None:
    script = """
        import socket, threading
        from pathlib import Path
        from drivers.card_service import service
        from tests.contract.cards import DEVICE, Seen
        service.STUCK_S = 0.1
        here, there = socket.socketpair()
        made = service.CardService(
            there, DEVICE, service.Places(*3 * [Path("/nowhere")]), service.Users(0, 0),
            lambda _: threading.Event().wait(), {},
        )
        made.tell_reader(Seen(has_card=True, insertions=1))
        made.run()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=False,
        timeout=PATIENCE_S,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == EXIT_STUCK


# --- the core's client ------------------------------------------------------------------------------------------


class Listener:
    """Gives each connection a card process, as the socket unit does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.processes: queue.Queue[Process] = queue.Queue()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(os.fspath(path / "card.sock"))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.processes.put(Process(self.path, connection))

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    made = Listener(tmp_path)
    yield made
    made.close()


@pytest.fixture
def core(tmp_path: Path) -> Iterator[tuple[client.CardClient, Callable[[], ports.Event]]]:
    events: queue.Queue[ports.Event] = queue.Queue()
    made = client.create(DEVICE, {"socket": str(tmp_path / "card.sock")}, events.put)
    yield made, lambda: events.get(timeout=PATIENCE_S)
    made.stop()
    made.join()


Core = tuple[client.CardClient, Callable[[], ports.Event]]


def test_each_card_has_its_process_and_the_device_is_named_as_configured(
    core: Core, listener: Listener
) -> None:
    driver, heard = core
    driver.start()
    assert driver.devices == (DEVICE,)
    for turn in range(2):
        process = listener.processes.get(timeout=PATIENCE_S)
        process.insert()
        if turn == 0:
            assert heard() == ports.DeviceArrived(DEVICE, "Imagined 00")  # said once, not once a process
        assert heard() == ports.CardInserted(DEVICE)
        assert isinstance(heard(), ports.CardRead)
        driver.perform(ports.EndCardSession(DEVICE))
        process.service.tell_reader(Seen(insertions=2))
        assert heard() == ports.CardRemoved(DEVICE)
        assert process.has_ended()


def test_a_process_that_dies_with_a_card_inside_is_a_failure(core: Core, listener: Listener) -> None:
    driver, heard = core
    driver.start()
    process = listener.processes.get(timeout=PATIENCE_S)
    process.insert()
    for _ in range(3):
        heard()
    process.service.stop()
    assert heard() == ports.CardFailed(DEVICE, "process-lost")
    listener.processes.get(timeout=PATIENCE_S)


def test_a_number_that_a_process_held_is_said_to_be_gone_when_it_dies(core: Core, listener: Listener) -> None:
    driver, heard = core
    driver.start()
    driver.perform(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    process = listener.processes.get(timeout=PATIENCE_S)
    assert isinstance(heard(), ports.NumberSlotOpened)
    process.service.stop()
    assert heard() == ports.NumberForgotten(DEVICE)
    listener.processes.get(timeout=PATIENCE_S)
    driver.perform(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    assert isinstance(heard(), ports.NumberSlotOpened)


def test_a_number_asked_for_after_a_card_left_goes_to_the_next_process(
    core: Core, listener: Listener
) -> None:
    driver, heard = core
    driver.start()
    process = listener.processes.get(timeout=PATIENCE_S)
    process.insert()
    for _ in range(3):
        heard()
    process.service.tell_reader(Seen(insertions=2))
    assert heard() == ports.CardRemoved(DEVICE)
    driver.perform(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    assert isinstance(heard(), ports.NumberSlotOpened)
    assert process.has_ended()


def test_a_process_that_hangs_is_asked_and_then_left(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "PING_EVERY_S", 0.02)
    monkeypatch.setattr(fresh, "SILENT_MAX_S", 0.3)
    driver, heard = core
    with socket.socket(socket.AF_UNIX) as silent:  # connected, and never a word more
        silent.bind(os.fspath(tmp_path / "card.sock"))
        silent.listen()
        driver.start()
        hung, _ = silent.accept()
        with hung:
            hung.sendall(messages.line(ports.CardInserted(DEVICE)))
            assert heard() == ports.CardInserted(DEVICE)
            said = b""
            while messages.line(Ping()) not in said:
                said += hung.recv(100)
            assert said.startswith(messages.line(messages.UseReader()))
            assert heard() == ports.CardFailed(DEVICE, "process-hangs")
            silent.accept()[0].close()  # the next one, at once
            while hung.recv(4096):  # and this one is let go
                pass


def test_commands_without_a_card_do_not_reach_the_next_one(core: Core, listener: Listener) -> None:
    driver, heard = core
    driver.start()
    process = listener.processes.get(timeout=PATIENCE_S)
    driver.perform(ports.OpenPinSlot(DEVICE))
    driver.perform(ports.EndCardSession(DEVICE))
    process.insert()
    for kind in (ports.DeviceArrived, ports.CardInserted, ports.CardRead):
        assert isinstance(heard(), kind)
    driver.perform(ports.OpenPinSlot(DEVICE))
    assert isinstance(heard(), ports.PinSlotOpened)


def test_nobody_who_listens_is_said_once_and_found_when_it_comes(core: Core, tmp_path: Path) -> None:
    driver, heard = core
    driver.start()
    assert heard() == ports.DeviceLost(DEVICE, "no-process")
    listener = Listener(tmp_path)
    listener.processes.get(timeout=PATIENCE_S).insert()
    assert heard() == ports.DeviceArrived(DEVICE, "Imagined 00")
    listener.close()


def test_what_is_not_for_a_card_reader_is_our_own_mistake(core: Core) -> None:
    with pytest.raises(ContractError):
        core[0].perform(ports.ReadHopper(DEVICE))


@pytest.mark.parametrize(
    "options", [{"sockets": "/run"}, {"socket": 3}, {"reader": 3}, {"not_reader": ["x"]}]
)
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        client.create(DEVICE, options, lambda _: None)
