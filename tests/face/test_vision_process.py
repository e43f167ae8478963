"""The real process as its own user: a verdict comes out, and nothing else does."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("dlib", reason="the extra `vision` is not installed")

from PIL import Image

from drivers.face import messages
from drivers.face.number_road import send
from drivers.face.sim_held import Hold, held
from drivers.jpki.sim.front import front
from drivers.jpki.sim.persons import PERSONS
from drivers.qr.sim.phone import held_up
from kiosk import ports
from kiosk.ids import SlotId
from kiosk.ipc.fresh import Pong
from kiosk.ipc.photo_slot import ACCEPTED, REFUSED
from kiosk.ipc.wire import NEED_DATA
from kiosk.ports import FaceBand, FaceHint, FaceJudged, FaceOutcome
from tests.face import kit
from tests.face.kit import DEVICE, OP

pytestmark = pytest.mark.system

START = ports.StartFaceCheck(DEVICE, OP)


class Vision:
    """A vision process and the core's end of it."""

    def __init__(self, folder: Path, scene: Path, card_user: str = "root") -> None:
        self.photo_socket = folder / "photo.sock"
        ours, theirs = socket.socketpair()
        self.core = ours
        self.core.settimeout(60)
        self._decoder = messages.event_decoder()
        user = pwd.getpwnam("kiosk-vision")
        command = [sys.executable, "-m", "drivers.face.main", "--fd", str(theirs.fileno())]
        command += ["--allow-files", str(scene), "--photo-socket", str(self.photo_socket)]
        command += ["--core-user", "root", "--card-user", card_user]
        command += ["--number-socket", str(folder.parent / "number.sock")]
        self.process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(),),
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
        )
        theirs.close()

    def send(self, command: messages.FaceCommand) -> None:
        self.core.sendall(messages.line(command))

    def next_event(self) -> messages.FaceEvent:
        while (event := self._decoder.next_message()) is NEED_DATA:
            data = self.core.recv(4096)
            assert data, "the process ended"
            self._decoder.feed(data)
        assert not isinstance(event, Pong)
        return event

    def expect(self, kind: type) -> messages.FaceEvent:
        while True:
            event = self.next_event()
            if isinstance(event, kind):
                return event
            assert isinstance(event, FaceHint), event

    def give_photo(self, slot: SlotId, photo: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as card:
            card.settimeout(30)
            card.connect(os.fspath(self.photo_socket))
            try:
                card.send(bytes.fromhex(slot) + photo)
                return card.recv(1)
            except (BrokenPipeError, ConnectionResetError):  # a stranger is refused before it can send
                return REFUSED

    def status(self, name: str) -> str:
        return (Path("/proc") / str(self.process.pid) / name).read_text()

    def end(self) -> str:
        """Everything it ever wrote."""
        self.core.close()
        assert self.process.stdout is not None
        return str(self.process.stdout.read().decode())


@pytest.fixture
def folder() -> Iterator[Path]:
    """Under /run, so that another uid reaches it; its own subdirectory belongs to that uid."""
    root = Path(
        subprocess.run(["mktemp", "-d", "/run/face.XXXXXX"], capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )
    root.chmod(0o755)
    own = root / "own"
    own.mkdir()
    os.chown(own, pwd.getpwnam("kiosk-vision").pw_uid, -1)
    (root / "scene.png").write_bytes(b"")
    kit.in_front().save(root / "scene.png")
    (root / "scene.png").chmod(0o644)
    yield root
    subprocess.run(["rm", "-rf", root], check=True)


@pytest.fixture
def vision(folder: Path) -> Iterator[Vision]:
    made = Vision(folder / "own", folder / "scene.png")
    yield made
    made.core.close()
    if made.process.poll() is None:
        made.process.kill()
    made.process.communicate()


def started(vision: Vision) -> SlotId:
    vision.expect(ports.DeviceArrived)
    vision.send(ports.AllowCamera(DEVICE))
    vision.send(START)
    return vision.expect(ports.PhotoSlotOpened).slot


def test_a_still_picture_of_the_right_person_ends_in_a_verdict_and_the_process(
    vision: Vision, folder: Path
) -> None:
    slot = started(vision)
    photo = kit.photo_jp2()
    assert vision.give_photo(slot, photo) == ACCEPTED
    vision.expect(ports.FaceTurnAsked)
    assert not vision.photo_socket.exists()
    while not isinstance(event := vision.next_event(), FaceJudged):
        assert isinstance(event, FaceHint | ports.FaceTurnAsked | ports.FaceTurnEnded)
    assert event == FaceJudged(DEVICE, OP, FaceOutcome.NOT_LIVE, FaceBand.NONE, "no-turn")
    assert vision.process.wait(20) == 0
    assert vision.end() == ""
    assert list((folder / "own").iterdir()) == []


def test_it_forbids_itself_what_it_does_not_need(vision: Vision) -> None:
    started(vision)
    limits = {line[:26].strip(): line[26:].split()[:2] for line in vision.status("limits").splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max address space"] == [str(1536 << 20)] * 2
    status = dict(line.split(":\t", 1) for line in vision.status("status").splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert (Path("/proc") / str(vision.process.pid) / "environ").stat().st_uid == 0  # not dumpable
    assert int(status["VmHWM"].split()[0]) < 350 * 1024


def test_the_camera_itself_is_judged_in_words_and_the_process_ends(vision: Vision) -> None:
    vision.expect(ports.DeviceArrived)
    vision.send(ports.AllowCamera(DEVICE))
    vision.send(ports.ExamineCamera(DEVICE, OP))
    told = vision.expect(ports.CameraExamined)
    assert isinstance(told, ports.CameraExamined) and told.op == OP
    words = {each.what: (each.word, each.mark) for each in told.findings}
    assert words["camera"] == ("answers", "ok") and words["subject"] == ("person", "ok")
    assert words["mounting"] == ("upright", "ok") and words["light"][1] == "ok"
    assert vision.process.wait(30) == 0
    assert vision.end() == ""


def test_without_leave_no_camera_and_no_slot(vision: Vision) -> None:
    vision.expect(ports.DeviceArrived)
    vision.send(START)
    verdict = vision.expect(FaceJudged)
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_JUDGED, "camera-forbidden")
    assert not vision.photo_socket.exists()


def test_a_secret_slot_shuts_the_camera_at_once(vision: Vision, folder: Path) -> None:
    assert vision.give_photo(started(vision), kit.photo_jp2()) == ACCEPTED
    vision.expect(FaceHint)
    vision.send(ports.ForbidCamera(DEVICE))
    vision.expect(ports.CameraForbidden)
    verdict = vision.expect(FaceJudged)
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_JUDGED, "camera-forbidden")


def test_a_photo_that_is_none_or_names_no_slot_is_refused(vision: Vision) -> None:
    slot = started(vision)
    assert vision.give_photo(SlotId("0" * 32), kit.photo_jp2()) == REFUSED
    assert vision.give_photo(slot, b"no picture") == ACCEPTED
    verdict = vision.expect(FaceJudged)
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_JUDGED, "photo")


def test_a_stranger_gives_no_photo(folder: Path) -> None:
    vision = Vision(folder / "own", folder / "scene.png", card_user="kiosk-card")
    slot = started(vision)
    assert vision.give_photo(slot, kit.photo_jp2()) == REFUSED  # we are root, not the card process
    vision.send(ports.StopFaceCheck(DEVICE))
    verdict = vision.expect(FaceJudged)
    assert (verdict.outcome, verdict.reason) == (FaceOutcome.NOT_JUDGED, "stopped")
    vision.end()
    vision.process.communicate()


def test_another_core_is_refused_and_a_core_that_goes_ends_it(vision: Vision) -> None:
    started(vision)
    vision.core.close()
    assert vision.process.wait(20) == 0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [
            sys.executable,
            "-m",
            "drivers.face.main",
            "--fd",
            str(theirs.fileno()),
            "--core-user",
            "kiosk-core",
        ]
        done = subprocess.run(
            command, pass_fds=(theirs.fileno(),), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1 and "the peer is not the core" in done.stderr


def test_it_ends_when_it_is_told_to(vision: Vision) -> None:
    started(vision)
    vision.process.send_signal(signal.SIGTERM)
    assert vision.process.wait(20) == 0


def test_a_payment_code_held_to_the_camera_is_text_and_the_end_of_the_process(folder: Path) -> None:
    held_up("281012345678901234", (640, 480)).save(folder / "phone.png")
    (folder / "phone.png").chmod(0o644)
    made = Vision(folder / "own", folder / "phone.png")
    try:
        made.expect(ports.DeviceArrived)
        made.send(ports.StartReadingCode(DEVICE))  # nobody has allowed the camera yet: nothing
        made.send(ports.AllowCamera(DEVICE))
        made.send(ports.StartReadingCode(DEVICE))
        assert made.expect(ports.PaymentCodeRead).text == "281012345678901234"
        assert made.process.wait(30) == 0
        assert "281012345678901234" not in made.end()
    finally:
        made.core.close()
        made.process.communicate()


def test_no_code_is_looked_for_any_more_when_the_camera_is_forbidden(vision: Vision) -> None:
    vision.expect(ports.DeviceArrived)
    vision.send(ports.AllowCamera(DEVICE))
    vision.send(ports.StartReadingCode(DEVICE))
    vision.send(ports.ForbidCamera(DEVICE))
    vision.expect(ports.CameraForbidden)
    vision.send(ports.AllowCamera(DEVICE))
    vision.send(ports.StartReadingCode(DEVICE))
    vision.send(ports.StopReadingCode(DEVICE))
    vision.send(START)
    vision.expect(ports.PhotoSlotOpened)


def number_socket(folder: Path) -> socket.socket:
    """The card process's end of the number's road; root stands in for its user."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.settimeout(120)
    listener.bind(os.fspath(folder / "number.sock"))
    (folder / "number.sock").chmod(0o666)
    listener.listen()
    return listener


def test_the_number_on_a_card_goes_to_the_card_process_and_nowhere_else(vision: Vision, folder: Path) -> None:
    person = PERSONS["hanako"]
    expiry = datetime.now(UTC).year + 5
    card = front(person, f"{expiry}{person.birth:%m%d}")
    Image.fromarray(held(card, Hold(turned=2, tilt=0.02))).save(folder / "scene.png")
    slot = SlotId("5a" * 16)
    with number_socket(folder) as listener:
        vision.expect(ports.DeviceArrived)
        vision.send(ports.AllowCamera(DEVICE))
        vision.send(ports.StartReadingNumber(DEVICE, slot))
        peer, _ = listener.accept()
        with peer:
            packet = peer.recv(100)
            peer.send(ACCEPTED)
        hints = []
        while not isinstance(event := vision.next_event(), ports.NumberReadingEnded):
            assert isinstance(event, ports.CardHint)
            hints.append(event.code)
    assert event == ports.NumberReadingEnded(DEVICE, slot, "") and ports.CardHintCode.HOLD_STILL in hints
    number = f"{person.birth_digits}{expiry}{person.security_code}".encode()
    assert packet == bytes.fromhex(slot) + bytes([14]) + number + bytes(2)
    assert vision.process.wait(30) == 0
    assert number not in vision.end().encode()


def test_a_stranger_who_took_the_card_processs_place_is_told_no_number(folder: Path) -> None:
    """The socket is root's here, and the card process has another uid."""
    number = bytearray(b"16030320361001")
    with number_socket(folder) as listener:
        card_uid = pwd.getpwnam("kiosk-card").pw_uid
        assert not send(folder / "number.sock", card_uid, SlotId("5a" * 16), number)
        peer, _ = listener.accept()
        with peer:
            assert peer.recv(100) == b"", "it went away without a word"
    assert number == bytes(14)
