"""The core's end of the vision process: a Driver that keeps a fresh process connected ahead of the next check.

One connection is one process is one check. A process that ends without a verdict is one: NOT_JUDGED, `process-lost`.
Whether the camera is allowed is told anew to each process. Options: `socket` (default `/run/kiosk/vision/vision.sock`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from drivers.face import messages
from drivers.face.messages import FaceCommand, FaceEvent
from kiosk import ports
from kiosk.errors import ConfigError, ContractError, PeerProtocolError
from kiosk.ids import DeviceId, OpId
from kiosk.ipc.wire import NEED_DATA, LineDecoder
from kiosk.ports import Command, Event, FaceBand, FaceJudged, FaceOutcome

log = logging.getLogger(__name__)

DEFAULT_SOCKET: Final = "/run/kiosk/vision/vision.sock"
_RETRY_S: Final = 0.5
_RECEIVE_BYTES: Final = 8192
_SEND_TIMEOUT_S: Final = 5.0


class FaceClient:
    """Driver (kiosk.ports) of one camera."""

    def __init__(self, device: DeviceId, path: str, post: Callable[[Event], None]) -> None:
        self._device = device
        self._path = path
        self._post = post
        self._commands: deque[FaceCommand] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopped = threading.Event()
        self._said: Event | None = None
        self._is_allowed = False
        self._process: socket.socket | None = None
        self._op: OpId | None = None
        self._is_spent = False
        self._is_forbidding = False
        self._thread = threading.Thread(target=self._run, name=f"face-{device}", daemon=True)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, FaceCommand):
            raise ContractError(f"{self._device}: not a command for a camera")
        self._commands.append(command)
        os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """The process notices and shuts the camera."""
        self._stopped.set()
        os.eventfd_write(self._wake, 1)

    def join(self) -> None:
        """Wait for the thread's end after `stop` (tests)."""
        if self._thread.is_alive():
            self._thread.join()

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped.is_set():
            process = self._connect()
            if process is None:
                self._say(ports.DeviceLost(self._device, "no-process"))
                self._obey_alone()
                self._stopped.wait(_RETRY_S)
                continue
            with process:
                self._process = process
                has_spoken = self._serve(process)
                self._process = None
            self._after_process()
            if not has_spoken:
                self._stopped.wait(_RETRY_S)  # it cannot even begin: do not start one after the other

    def _connect(self) -> socket.socket | None:
        process = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            process.settimeout(_SEND_TIMEOUT_S)
            process.connect(self._path)
        except OSError:
            process.close()
            return None
        return process

    def _serve(self, process: socket.socket) -> bool:
        """Until the process ends. Whether it said anything at all."""
        decoder = messages.event_decoder()
        has_spoken = self._is_spent = False
        if self._is_allowed:
            self._send(ports.AllowCamera(self._device))
        with selectors.DefaultSelector() as selector:
            selector.register(process, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._stopped.is_set() and not self._is_spent:
                ready = {key.fileobj for key, _ in selector.select()}
                if process in ready:
                    data = _receive(process)
                    if not data or not self._hear(decoder, data):
                        break
                    has_spoken = True
                if self._wake in ready:
                    self._take_commands()
        return has_spoken

    def _hear(self, decoder: LineDecoder[FaceEvent], data: bytes) -> bool:
        """Pass on what came; False when it is nonsense."""
        decoder.feed(data)
        try:
            while (event := decoder.next_message()) is not NEED_DATA:
                self._pass_on(event)
        except PeerProtocolError:
            log.warning("%s: the vision process spoke out of turn", self._device)
            return False
        return True

    def _pass_on(self, event: FaceEvent) -> None:
        event = msgspec.structs.replace(event, device=self._device)
        match event:
            case ports.DeviceArrived() | ports.DeviceLost():
                self._say(event)
            case FaceJudged():
                self._end(event)
            case ports.CameraForbidden():
                self._is_forbidding = False
                self._post(event)
            case _:
                self._post(event)

    def _end(self, verdict: FaceJudged) -> None:
        """One verdict, and this process is done: what is asked next waits for the next one."""
        self._is_spent = True
        if verdict.op == self._op:
            self._op = None
            self._post(verdict)

    # --- commands -------------------------------------------------------------------------------------------

    def _take_commands(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._commands:
            self._obey(self._commands.popleft())

    def _obey_alone(self) -> None:
        """There is no process, so there is no open camera either."""
        self._take_commands()

    def _obey(self, command: FaceCommand) -> None:
        match command:
            case ports.AllowCamera():
                self._is_allowed = True
            case ports.ForbidCamera():
                self._is_allowed, self._is_forbidding = False, True
                if self._process is None:
                    self._after_process()
            case ports.StartFaceCheck():
                self._op = command.op
                if self._process is None:
                    self._after_process()
            case ports.StopFaceCheck():
                pass
        self._send(command)

    def _send(self, command: FaceCommand) -> None:
        if self._process is not None:
            # a process that has just ended cannot be told; what it said last is still to be read
            with contextlib.suppress(OSError):
                self._process.sendall(messages.line(command))

    def _say(self, event: Event) -> None:
        """Arrival and loss: each fresh process says them again, the core hears changes only."""
        if event != self._said:
            self._said = event
            self._post(event)

    def _after_process(self) -> None:
        """It ended, and its camera with it; with a check in it, this check is over."""
        if self._is_forbidding:
            self._is_forbidding = False
            self._post(ports.CameraForbidden(self._device))
        op, self._op = self._op, None
        if op is not None and not self._stopped.is_set():
            self._post(FaceJudged(self._device, op, FaceOutcome.NOT_JUDGED, FaceBand.NONE, "process-lost"))


def _receive(process: socket.socket) -> bytes:
    """Some bytes; empty at the end."""
    try:
        return process.recv(_RECEIVE_BYTES)
    except OSError:
        return b""


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> FaceClient:
    """Factory (kiosk.ports). ConfigError for an option that we do not know."""
    unknown = sorted(set(options) - {"socket"})
    if unknown:
        raise ConfigError(f"{device}: unknown option {unknown[0]}")
    path = options.get("socket", DEFAULT_SOCKET)
    if not isinstance(path, str):
        raise ConfigError(f"{device}: option socket is not a path")
    return FaceClient(device, path, post)
