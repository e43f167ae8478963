"""The core's end: one verdict for each check, whatever the process does."""

from __future__ import annotations

import queue
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.face import messages
from drivers.face.client import FaceClient, create
from drivers.registry import driver
from kiosk import ports
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, OpId
from kiosk.ipc.fresh import Ping
from kiosk.ipc.wire import NEED_DATA
from kiosk.ports import Event, FaceBand, FaceJudged, FaceOutcome

CAMERA = DeviceId("camera1")
OP = OpId("b" * 32)
LOST = FaceJudged(CAMERA, OP, FaceOutcome.NOT_JUDGED, FaceBand.NONE, "process-lost")
VERDICT = FaceJudged(DeviceId("x"), OP, FaceOutcome.MATCHED, FaceBand.CLEAR, "")


class Core:
    def __init__(self, path: Path) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(20)
        self.client = FaceClient(CAMERA, str(path), self.events.put)
        self.client.start()

        self.accepted: list[socket.socket] = []

    def process(self) -> Process:
        self.accepted.append(self.listener.accept()[0])
        return Process(self.accepted[-1])

    def next_event(self) -> Event:
        return self.events.get(timeout=20)


class Process:
    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self.peer.settimeout(20)
        self._decoder = messages.command_decoder()

    def say(self, event: messages.FaceEvent) -> None:
        self.peer.sendall(messages.line(event))

    def hear(self) -> messages.FaceCommand | Ping | None:
        while (command := self._decoder.next_message()) is NEED_DATA:
            data = self.peer.recv(4096)
            if not data:
                return None
            self._decoder.feed(data)
        return command


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    made = Core(tmp_path / "v.sock")
    yield made
    made.client.stop()
    made.client.join()
    made.listener.close()
    for each in made.accepted:
        each.close()


def test_a_verdict_ends_the_process_and_the_next_one_is_told_what_is_allowed(core: Core) -> None:
    process = core.process()
    process.say(ports.DeviceArrived(DeviceId("x"), "files"))
    assert core.next_event() == ports.DeviceArrived(CAMERA, "files")
    core.client.perform(ports.AllowCamera(CAMERA))
    core.client.perform(ports.StartFaceCheck(CAMERA, OP))
    assert process.hear() == ports.AllowCamera(CAMERA)
    assert process.hear() == ports.StartFaceCheck(CAMERA, OP)
    process.say(VERDICT)
    assert core.next_event() == FaceJudged(CAMERA, OP, FaceOutcome.MATCHED, FaceBand.CLEAR, "")
    assert process.hear() is None
    following = core.process()
    following.say(ports.DeviceArrived(DeviceId("x"), "files"))
    assert following.hear() == ports.AllowCamera(CAMERA)
    core.client.perform(ports.ForbidCamera(CAMERA))
    assert following.hear() == ports.ForbidCamera(CAMERA)
    following.say(ports.CameraForbidden(DeviceId("x")))
    assert core.next_event() == ports.CameraForbidden(CAMERA)  # the arrival was no news


def test_a_process_that_dies_is_a_verdict_and_a_shut_camera(core: Core) -> None:
    process = core.process()
    core.client.perform(ports.StartFaceCheck(CAMERA, OP))
    core.client.perform(ports.ForbidCamera(CAMERA))
    process.hear()
    process.hear()
    process.peer.close()
    assert [core.next_event(), core.next_event()] == [ports.CameraForbidden(CAMERA), LOST]


def test_a_verdict_of_another_check_is_nobodys(core: Core) -> None:
    process = core.process()
    process.say(VERDICT)
    assert process.hear() is None
    core.client.perform(ports.StartFaceCheck(CAMERA, OP))
    following = core.process()
    assert following.hear() == ports.StartFaceCheck(CAMERA, OP)
    following.peer.sendall(b"nonsense\n")
    assert core.next_event() == LOST


def test_without_a_process_every_question_has_an_answer(tmp_path: Path) -> None:
    events: queue.Queue[Event] = queue.Queue()
    client = FaceClient(CAMERA, str(tmp_path / "none.sock"), events.put)
    client.perform(ports.ForbidCamera(CAMERA))
    client.perform(ports.StartFaceCheck(CAMERA, OP))
    client.start()
    said = [events.get(timeout=20) for _ in range(3)]
    client.stop()
    client.join()
    assert said == [ports.DeviceLost(CAMERA, "no-process"), ports.CameraForbidden(CAMERA), LOST]


def test_it_is_found_by_its_name_and_refuses_what_is_not_its_own(tmp_path: Path) -> None:
    assert driver("face") is create
    client = create(CAMERA, {"socket": str(tmp_path / "x")}, lambda _: None)
    assert client.devices == (CAMERA,)
    with pytest.raises(ContractError):
        client.perform(ports.EndCardSession(CAMERA))
    for options in ({"sokcet": "x"}, {"socket": 3}):
        with pytest.raises(ConfigError):
            create(CAMERA, options, lambda _: None)
