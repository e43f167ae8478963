"""The core's end of the card process: a Driver that keeps a fresh process connected ahead of the next card.

One connection is one process is one card. When a process ends, the next connection is made at once. Options:
`socket` (default `/run/kiosk/card/card.sock`).
"""

from __future__ import annotations

import contextlib
import enum
import logging
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from drivers.card_service import messages
from drivers.card_service.messages import CardCommand, CardEvent
from kiosk import ports
from kiosk.errors import ConfigError, ContractError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ipc.wire import NEED_DATA, LineDecoder
from kiosk.ports import Command, Event

log = logging.getLogger(__name__)

DEFAULT_SOCKET: Final = "/run/kiosk/card/card.sock"
_RETRY_S: Final = 0.5
_RECEIVE_BYTES: Final = 8192
_SEND_TIMEOUT_S: Final = 5.0


class _Lie(enum.Enum):
    """What lies on the reader, as far as we were told."""

    NOTHING = "nothing"
    CARD = "card"


class CardClient:
    """Driver (kiosk.ports) of one card reader."""

    def __init__(self, device: DeviceId, path: str, post: Callable[[Event], None]) -> None:
        self._device = device
        self._path = path
        self._post = post
        self._commands: deque[CardCommand] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopped = threading.Event()
        self._said: Event | None = None
        self._lies = _Lie.NOTHING
        self._thread = threading.Thread(target=self._run, name=f"card-{device}", daemon=True)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def perform(self, command: Command) -> None:
        if not isinstance(command, CardCommand):
            raise ContractError(f"{self._device}: not a command for a card reader")
        self._commands.append(command)
        os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """The process notices and unpowers the card."""
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
                self._stopped.wait(_RETRY_S)
                continue
            with process:
                has_spoken = self._serve(process)
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
        self._commands.clear()  # what was meant for the last card is not for the next one
        return process

    def _serve(self, process: socket.socket) -> bool:
        """Until the process ends. Whether it said anything at all."""
        decoder = messages.event_decoder()
        has_spoken = False
        with selectors.DefaultSelector() as selector:
            selector.register(process, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._stopped.is_set():
                ready = {key.fileobj for key, _ in selector.select()}
                if process in ready:
                    data = _receive(process)
                    if not data:
                        break
                    has_spoken = True
                    if not self._hear(decoder, data):
                        break
                if self._wake in ready:
                    self._send_commands(process)
        return has_spoken

    def _hear(self, decoder: LineDecoder[CardEvent], data: bytes) -> bool:
        """Pass on what came; False when it is nonsense."""
        decoder.feed(data)
        try:
            while (event := decoder.next_message()) is not NEED_DATA:
                self._pass_on(event)
        except PeerProtocolError:
            log.warning("%s: the card process spoke out of turn", self._device)
            return False
        return True

    def _send_commands(self, process: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._commands:
            command = self._commands.popleft()
            if self._lies is _Lie.CARD:
                # a process that has just ended cannot be told; what it said last is still to be read
                with contextlib.suppress(OSError):
                    process.sendall(messages.line(command))

    def _pass_on(self, event: CardEvent) -> None:
        event = msgspec.structs.replace(event, device=self._device)
        match event:
            case ports.DeviceArrived() | ports.DeviceLost():
                self._say(event)
                return
            case ports.CardInserted():
                self._lies = _Lie.CARD
            case ports.CardRemoved():
                self._lies = _Lie.NOTHING
        self._post(event)

    def _say(self, event: Event) -> None:
        """Arrival and loss: each fresh process says them again, the core hears changes only."""
        if event != self._said:
            self._said = event
            self._post(event)

    def _after_process(self) -> None:
        """It ended; with a card inside it, the session with this card is over."""
        if self._lies is _Lie.CARD and not self._stopped.is_set():
            self._lies = _Lie.NOTHING
            self._post(ports.CardFailed(self._device, "process-lost"))


def _receive(process: socket.socket) -> bytes:
    """Some bytes; empty at the end."""
    try:
        return process.recv(_RECEIVE_BYTES)
    except OSError:
        return b""


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> CardClient:
    """Factory (kiosk.ports). ConfigError for an option that we do not know."""
    unknown = sorted(set(options) - {"socket"})
    if unknown:
        raise ConfigError(f"{device}: unknown option {unknown[0]}")
    path = options.get("socket", DEFAULT_SOCKET)
    if not isinstance(path, str):
        raise ConfigError(f"{device}: option socket is not a path")
    return CardClient(device, path, post)
