"""The loop of a vision process: the core's socket, the photo's socket and the camera, in one thread.

A fresh process serves one check, one payment code or one reading of a card's front, and ends with it; the next is
started ahead, its models loaded, its camera shut. It begins with the camera forbidden: only a core that says so may
have it opened.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import socket
from datetime import timedelta
from pathlib import Path
from typing import Final

from drivers.face import messages
from drivers.face.camera_test import CameraTest
from drivers.face.codes import chart_in, code_in
from drivers.face.decision import FaceCheck
from drivers.face.frames import FrameSource
from drivers.face.messages import FaceCommand, FaceEvent
from drivers.face.number_task import NumberTask, Road
from drivers.face.photo import decode, within
from drivers.face.photo_channel import PhotoChannel
from drivers.face.recogniser import IDENTITY, Recogniser, blobs
from drivers.face.watcher import Watcher, photo_embedding
from kiosk import ports
from kiosk.clock import Clock, SystemClock
from kiosk.errors import DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId, OpId
from kiosk.ipc.fresh import Ping, Pong
from kiosk.ipc.watchdog import Watchdog, shorter
from kiosk.ipc.wire import NEED_DATA
from kiosk.messages import Message, say
from kiosk.ports import FaceBand, FaceJudged, FaceOutcome

PHOTO_WITHIN_S: Final = 30.0
_JAPAN: Final = timedelta(hours=9)
SILENT_MAX: Final = 10
"""Times half a second without a frame: the camera is lost."""
_RECEIVE_BYTES: Final = 4096
_SEND_TIMEOUT_S: Final = 5.0


class CoreGone(Exception):  # noqa: N818  # the normal end of a process whose core went away
    """The core closed its end, or speaks nonsense."""


class VisionService:
    """`run` returns when a verdict was given, the core went away, or `stop` was called."""

    def __init__(
        self,
        core: socket.socket,
        device: DeviceId,
        photo_socket: Path,
        card_uid: int,
        camera: FrameSource,
        number_road: Road,
        clock: Clock | None = None,
    ) -> None:
        self._core = core
        self._device = device
        self._camera = camera
        self._clock = clock or SystemClock()
        self._decoder = messages.command_decoder()
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._watchdog = Watchdog()
        self._photos = PhotoChannel(photo_socket, card_uid, self._selector, self._take_photo)
        self._recogniser: Recogniser | None = None
        self._check: FaceCheck | None = None
        self._watcher: Watcher | None = None
        self._photo_until_s = 0.0
        self._silent = 0
        self._number_road = number_road
        self._number: NumberTask | None = None
        self._test: CameraTest | None = None
        self._test_op = OpId("")
        self._is_reading = False
        """A payment code is looked for."""
        self._is_allowed = False
        self._is_over = False

    def stop(self) -> None:
        """Shut the camera and return. Any thread, or a signal handler."""
        self._is_over = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        self._core.settimeout(_SEND_TIMEOUT_S)
        self._selector.register(self._core, selectors.EVENT_READ, self._hear_core)
        self._selector.register(self._wake, selectors.EVENT_READ, _nothing)
        try:
            self._recogniser = Recogniser()
            self._post(ports.DeviceArrived(self._device, f"{self._camera.identity}, {IDENTITY}"))
            while not self._is_over:
                self._watchdog.beat()
                self._turn()
        except CoreGone:
            say(Message.CORE_WENT_AWAY)
        finally:
            self._forget()
            self._selector.close()
            self._watchdog.close()

    def _turn(self) -> None:
        """What came on the sockets, then one frame."""
        if (
            self._watcher is not None
            or self._is_reading
            or self._number is not None
            or self._test is not None
        ):
            timeout: float | None = 0.0
        elif self._check is not None:
            timeout = max(0.0, self._photo_until_s - self._clock.monotonic_s())
        else:
            timeout = None
        for key, _ in self._selector.select(shorter(timeout)):
            now = self._selector.get_map().get(key.fd)
            if now is not None and now.data is key.data:  # not closed by the one before it
                key.data()
        if self._watcher is not None:
            self._look(self._watcher)
        elif self._number is not None:
            self._read_number(self._number)
        elif self._is_reading:
            self._read_code()
        elif self._test is not None:
            self._look_at_camera(self._test)
        elif self._check is not None and self._clock.monotonic_s() >= self._photo_until_s:
            self._give_up("no-photo")

    # --- the core -------------------------------------------------------------------------------------------

    def _hear_core(self) -> None:
        try:
            data = self._core.recv(_RECEIVE_BYTES)
        except OSError:
            data = b""
        if not data:
            raise CoreGone
        self._decoder.feed(data)
        while True:
            try:
                message = self._decoder.next_message()
            except PeerProtocolError:
                raise CoreGone from None
            if message is NEED_DATA:
                return
            if isinstance(message, Ping):
                self._tell(Pong())
            else:
                self._obey(message)

    def _obey(self, command: FaceCommand) -> None:
        match command:
            case ports.AllowCamera():
                self._is_allowed = True
            case ports.ForbidCamera():
                self._is_allowed = self._is_reading = False
                self._camera.close()
                self._post(ports.CameraForbidden(self._device))
                self._give_up("camera-forbidden")
                self._give_number_up("camera-forbidden")
                self._give_test_up("forbidden")
            case ports.StopFaceCheck():
                self._give_up("stopped")
            case ports.StopReadingNumber():
                self._give_number_up("stopped")
            case ports.StartFaceCheck() if self._is_free:
                self._start(command)
            case ports.StartReadingNumber() if self._is_free:
                self._start_number(command)
            case ports.StartReadingCode() if self._is_free and self._is_allowed:
                self._start_reading()
            case ports.ExamineCamera() if self._is_free:
                self._start_test(command)
            case ports.StopReadingCode() if self._is_reading:
                self._is_reading = False
                self._camera.close()

    @property
    def _is_free(self) -> bool:
        return self._check is None and self._number is None and self._test is None and not self._is_reading

    def _start(self, command: ports.StartFaceCheck) -> None:
        self._check = FaceCheck(self._device, command.op, secrets.token_bytes(16), command.threshold)
        if not self._is_allowed:
            self._give_up("camera-forbidden")
            return
        try:
            slot = self._photos.open()
        except OSError:
            self._give_up("no-slot")
            return
        self._photo_until_s = self._clock.monotonic_s() + PHOTO_WITHIN_S
        self._post(ports.PhotoSlotOpened(self._device, command.op, slot))

    # --- the photo ------------------------------------------------------------------------------------------

    def _take_photo(self, photo: bytearray) -> None:
        if self._check is None or self._recogniser is None:
            return
        try:
            with within():
                pixels = decode(bytes(photo))
            watcher = Watcher(self._recogniser, photo_embedding(self._recogniser, pixels))
        except PeerProtocolError:
            self._give_up("photo")
            return
        finally:
            photo[:] = bytes(len(photo))
        pixels.fill(0)
        try:
            self._camera.open()
        except DeviceUnavailable:
            self._give_up("camera")
            return
        self._watcher = watcher

    # --- the camera -----------------------------------------------------------------------------------------

    def _look(self, watcher: Watcher) -> None:
        check = self._check
        if check is None:
            return
        try:
            frame = self._camera.read()
        except DeviceUnavailable:
            self._give_up("camera")
            return
        self._silent = self._silent + 1 if frame is None else 0
        if frame is None:
            if self._silent >= SILENT_MAX:
                self._give_up("camera")
            return
        for event in check.see(watcher.measure(frame, check.wants_distance)):
            if isinstance(event, FaceJudged):
                self._end(event)
            else:
                self._post(event)

    # --- the front of a card --------------------------------------------------------------------------------

    def _start_number(self, command: ports.StartReadingNumber) -> None:
        now_s = self._clock.monotonic_s()
        self._number = NumberTask(
            self._device, command.slot, now_s, blobs, lambda: local_year(self._clock), self._number_road
        )
        if not self._is_allowed:
            self._give_number_up("camera-forbidden")
            return
        try:
            self._camera.open(is_fine=True)
        except DeviceUnavailable:
            self._give_number_up("camera")
            return
        self._silent = 0

    def _read_number(self, task: NumberTask) -> None:
        """One frame. This process ends with the number sent, or with why not."""
        try:
            frame = self._camera.read()
        except DeviceUnavailable:
            self._give_number_up("camera")
            return
        self._silent = self._silent + 1 if frame is None else 0
        if self._silent >= SILENT_MAX:
            self._give_number_up("camera")
        elif task.is_late(self._clock.monotonic_s()):
            self._give_number_up("time")
        elif frame is not None:
            for event in task.see(frame):
                if isinstance(event, ports.NumberReadingEnded):
                    self._end_number(event)
                else:
                    self._post(event)

    def _give_number_up(self, reason: str) -> None:
        if self._number is not None:
            self._end_number(self._number.end(reason))

    def _end_number(self, event: ports.NumberReadingEnded) -> None:
        self._forget()
        self._is_over = True
        self._post(event)

    # --- the camera itself ----------------------------------------------------------------------------------

    def _start_test(self, command: ports.ExamineCamera) -> None:
        if self._recogniser is None:
            return
        self._test, self._test_op = CameraTest(self._recogniser.find, chart_in), command.op
        if not self._is_allowed:
            self._give_test_up("forbidden")
            return
        try:
            self._camera.open()
        except DeviceUnavailable:
            self._give_test_up("away")
            return
        self._silent = 0

    def _look_at_camera(self, test: CameraTest) -> None:
        """One frame. The words go out, the camera shuts, and this process ends."""
        try:
            frame = self._camera.read()
        except DeviceUnavailable:
            self._give_test_up("away")
            return
        self._silent = self._silent + 1 if frame is None else 0
        if self._silent >= SILENT_MAX:
            self._give_test_up("silent")
        elif frame is not None and (found := test.see(frame)) is not None:
            self._end_test((ports.CameraFinding("camera", "answers", "ok"), *found))

    def _give_test_up(self, word: str) -> None:
        if self._test is not None:
            self._end_test((ports.CameraFinding("camera", word, "bad"),))

    def _end_test(self, found: tuple[ports.CameraFinding, ...]) -> None:
        self._forget()
        self._is_over = True
        self._post(ports.CameraExamined(self._device, self._test_op, found))

    # --- payment codes --------------------------------------------------------------------------------------

    def _start_reading(self) -> None:
        try:
            self._camera.open()
        except DeviceUnavailable:
            self._cannot_read()
            return
        self._is_reading, self._silent = True, 0

    def _read_code(self) -> None:
        """One frame. The text goes out, the camera shuts, and this process ends."""
        try:
            frame = self._camera.read()
            self._silent = self._silent + 1 if frame is None else 0
            if self._silent >= SILENT_MAX:
                raise DeviceUnavailable("camera: silent")
            text = code_in(frame) if frame is not None else None
        except DeviceUnavailable:
            self._cannot_read()
            return
        if text is not None:
            self._forget()
            self._is_over = True
            self._post(ports.PaymentCodeRead(self._device, text))

    def _cannot_read(self) -> None:
        """The next process will say that it is there again."""
        self._forget()
        self._is_over = True
        self._post(ports.DeviceLost(self._device, "camera"))

    def _give_up(self, reason: str) -> None:
        check = self._check
        if check is not None and not self._is_over:
            self._end(check.give_up(reason) or _not_judged(check, reason))

    def _end(self, verdict: FaceJudged) -> None:
        """The camera is shut before anybody hears the verdict."""
        self._forget()
        self._is_over = True
        self._post(verdict)

    def _forget(self) -> None:
        self._camera.close()
        with contextlib.suppress(OSError):
            self._photos.close()
        self._watcher = self._check = self._number = self._test = None
        self._is_reading = False

    def _post(self, event: ports.Event) -> None:
        self._tell(_known(event))

    def _tell(self, message: FaceEvent | Pong) -> None:
        try:
            self._core.sendall(messages.line(message))
        except OSError:
            raise CoreGone from None


def _known(event: ports.Event) -> FaceEvent:
    if not isinstance(event, FaceEvent):
        raise TypeError("not an event of this process")
    return event


def _not_judged(check: FaceCheck, reason: str) -> FaceJudged:
    return FaceJudged(check.device, check.op, FaceOutcome.NOT_JUDGED, FaceBand.NONE, reason)


def local_year(clock: Clock) -> int:
    """In Japan, where the cards end."""
    return (clock.wall() + _JAPAN).year


def _nothing() -> None:
    """A wake-up: the loop looks at its flags."""
