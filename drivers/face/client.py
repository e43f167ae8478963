"""The core's end of the vision process: a Driver that keeps a fresh process connected ahead of the next check.

One connection is one process is one check, or one reading of a card. A process that ends without a verdict is one:
NOT_JUDGED, `process-lost` or `process-hangs`. Whether the camera is allowed is told anew to each process. Options:
`socket` (default `/run/kiosk/vision/vision.sock`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from drivers.face import messages
from drivers.face.messages import FaceCommand, FaceEvent
from kiosk import ports
from kiosk.errors import ContractError
from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ipc.fresh import FreshProcess, socket_option
from kiosk.ports import Command, Event, FaceBand, FaceJudged, FaceOutcome

DEFAULT_SOCKET: Final = "/run/kiosk/vision/vision.sock"


class FaceClient(FreshProcess[FaceCommand, FaceEvent]):
    """Driver (kiosk.ports) of one camera."""

    def __init__(self, device: DeviceId, path: str, post: Callable[[Event], None]) -> None:
        super().__init__(device, path, post, messages.event_decoder)
        self._is_allowed = False
        self._op: OpId | None = None
        self._slot: SlotId | None = None
        """A card's number is being read for it."""
        self._test: OpId | None = None
        """The camera itself is being tested."""
        self._forbidding = 0

    def perform(self, command: Command) -> None:
        if not isinstance(command, FaceCommand):
            raise ContractError(f"{self._device}: not a command for a camera")
        self._queue(command)

    def _began(self) -> None:
        if self._is_allowed:
            self._send(ports.AllowCamera(self._device))

    def _pass_on(self, event: FaceEvent) -> None:
        match event:
            case FaceJudged():
                self._end(event)
            case ports.PaymentCodeRead():
                self._spend()  # one code, and it forgets all
                self._post(event)
            case ports.NumberReadingEnded():
                self._spend()
                if event.slot == self._slot:
                    self._slot = None
                    self._post(event)
            case ports.CameraExamined():
                self._spend()
                if event.op == self._test:
                    self._test = None
                    self._post(event)
            case ports.CameraForbidden():
                self._forbidding -= 1
                self._post(event)
            case _:
                self._post(event)

    def _end(self, verdict: FaceJudged) -> None:
        """One verdict, and this process is done: what is asked next waits for the next one."""
        self._spend()
        if verdict.op == self._op:
            self._op = None
            self._post(verdict)

    def _obey(self, command: FaceCommand) -> None:
        self._note(command)
        self._send(command)

    def _keeps(self, command: FaceCommand) -> bool:
        """There is no process, so there is no open camera and no check either."""
        self._note(command)
        self._ended("process-lost")
        return False

    def _note(self, command: FaceCommand) -> None:
        match command:
            case ports.AllowCamera():
                self._is_allowed = True
            case ports.ForbidCamera():
                self._is_allowed = False
                self._forbidding += 1
            case ports.StartFaceCheck():
                self._op = command.op
            case ports.StartReadingNumber():
                self._slot = command.slot
            case ports.ExamineCamera():
                self._test = command.op
            case (
                ports.StopFaceCheck()
                | ports.StartReadingCode()
                | ports.StopReadingCode()
                | ports.StopReadingNumber()
            ):
                pass

    def _ended(self, code: str) -> None:
        """Its camera ended with it; with a check in it, this check is over."""
        while self._forbidding > 0:
            self._forbidding -= 1
            self._post(ports.CameraForbidden(self._device))
        op, self._op = self._op, None
        slot, self._slot = self._slot, None
        test, self._test = self._test, None
        if self._stopped.is_set():
            return
        if op is not None:
            self._post(FaceJudged(self._device, op, FaceOutcome.NOT_JUDGED, FaceBand.NONE, code))
        if slot is not None:
            self._post(ports.NumberReadingEnded(self._device, slot, code))
        if test is not None:
            self._post(
                ports.CameraExamined(self._device, test, (ports.CameraFinding("camera", "lost", "bad"),))
            )


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> FaceClient:
    """Factory (kiosk.ports). ConfigError for an option that we do not know."""
    return FaceClient(device, socket_option(device, options, DEFAULT_SOCKET), post)
