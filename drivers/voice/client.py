"""The core's end of `kiosk-read`: a Driver that hands one certificate's text over and hears how the reading ended.

One connection is one process is one reading (SOCK_SEQPACKET; the text is one packet). Closing it ends the reading.
Options: `socket` (default `/run/kiosk/read/read.sock`).
"""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from kiosk.errors import ContractError
from kiosk.ids import DeviceId
from kiosk.ipc.fresh import socket_option
from kiosk.plain import encode
from kiosk.ports import Command, Event, ReadingEnd, ReadingEnded, ReadPaper, StopReading

DEFAULT_SOCKET: Final = "/run/kiosk/read/read.sock"
LONGEST_S: Final = 1800.0
_SEND_TIMEOUT_S: Final = 5.0


class ReadClient:
    """Driver (kiosk.ports) of one reader."""

    def __init__(self, device: DeviceId, path: str, post: Callable[[Event], None]) -> None:
        self._device = device
        self._path = path
        self._post = post
        self._commands: queue.SimpleQueue[ReadPaper | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._process: socket.socket | None = None
        self._is_wanted = False
        self._thread = threading.Thread(target=self._run, name=f"reader-{device}", daemon=True)

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Silence, and the thread ends."""
        self._hush()
        self._commands.put(None)

    def perform(self, command: Command) -> None:
        match command:
            case ReadPaper():
                with self._lock:
                    self._is_wanted = True
                self._commands.put(command)
            case StopReading():
                self._hush()
            case _:
                raise ContractError(f"{self._device}: not a command for a reader")

    def _hush(self) -> None:
        with self._lock:
            self._is_wanted = False
            if self._process is not None:
                with contextlib.suppress(OSError):
                    self._process.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while (order := self._commands.get()) is not None:
            self._post(ReadingEnded(self._device, self._read(order)))

    def _read(self, order: ReadPaper) -> ReadingEnd:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as process:
            try:
                process.settimeout(_SEND_TIMEOUT_S)
                process.connect(self._path)
                process.send(encode({"pages": order.pages, "loudness": order.loudness, "pace": order.pace}))
            except OSError:
                return ReadingEnd.FAILED
            with self._lock:
                if not self._is_wanted:
                    return ReadingEnd.STOPPED
                self._process = process
            try:
                return self._await(process)
            finally:
                with self._lock:
                    self._process = None

    def _await(self, process: socket.socket) -> ReadingEnd:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        if not poll.poll(LONGEST_S * 1000):
            return ReadingEnd.FAILED
        try:
            return ReadingEnd(process.recv(64).decode("ascii", errors="replace"))
        except (OSError, ValueError):
            return ReadingEnd.FAILED if self._is_wanted else ReadingEnd.STOPPED


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> ReadClient:
    """Factory (kiosk.ports). ConfigError for an option that we do not know."""
    return ReadClient(device, socket_option(device, options, DEFAULT_SOCKET), post)
