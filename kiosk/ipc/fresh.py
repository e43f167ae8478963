"""The core's end of a process that lives for one use (one card, one face check): a fresh one is kept connected ahead.

One connection is one process. When a process ends, the next connection is made at once. A process that is connected
and silent is asked (`Ping`); one that says nothing for `SILENT_MAX_S` hangs: it is left, as if it had ended. The core
cannot kill it (another user's), its unit's watchdog does (systemd/system, WatchdogSec=).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ipc.wire import NEED_DATA, LineDecoder
from kiosk.messages import Message, say
from kiosk.plain import encode
from kiosk.ports import DeviceArrived, DeviceLost, Event

PING_EVERY_S: Final = 5.0
SILENT_MAX_S: Final = 20.0
"""Longer than the longest thing that such a process does without listening (a card operation ends it at 15 s)."""

_RETRY_S: Final = 0.5
_RECEIVE_BYTES: Final = 8192
_SEND_TIMEOUT_S: Final = 5.0


class Ping(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Core to process: are you there?"""


class Pong(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Process to core: from the loop that does the work, so it says that the loop turns."""


C = TypeVar("C")
"""Commands to the process."""
E = TypeVar("E", bound=Event)
"""Events from it."""


class FreshProcess(Generic[C, E]):
    """Base of a Driver (kiosk.ports) whose device is behind such a process.

    The subclass says what events and commands mean; all of its hooks run in the one thread. `stop` may be called from
    any.
    """

    def __init__(
        self,
        device: DeviceId,
        path: str,
        post: Callable[[Event], None],
        event_decoder: Callable[[], LineDecoder[Any]],
        clock: Clock | None = None,
    ) -> None:
        self._device = device
        self._path = path
        self._post = post
        self._event_decoder = event_decoder
        self._clock = clock or SystemClock()
        self._commands: deque[C] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stopped = threading.Event()
        self._said: Event | None = None
        self._process: socket.socket | None = None
        self._is_spent = False
        self._heard_s = self._asked_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"process-{device}", daemon=True)

    # --- for the daemon -------------------------------------------------------------------------------------

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """The process notices and leaves everything safe."""
        self._stopped.set()
        os.eventfd_write(self._wake, 1)

    def join(self) -> None:
        """Wait for the thread's end after `stop` (tests)."""
        if self._thread.is_alive():
            self._thread.join()

    def _queue(self, command: C) -> None:
        self._commands.append(command)
        os.eventfd_write(self._wake, 1)

    # --- what a subclass says ---------------------------------------------------------------------------------

    def _began(self) -> None:
        """A fresh process is connected; nothing came from it yet."""

    def _pass_on(self, event: E) -> None:
        """An event of the process, under our device's name. Arrival and loss do not come here."""
        raise NotImplementedError

    def _obey(self, command: C) -> None:
        """A command, in its turn, while there is a process: `_send` it, or not."""
        raise NotImplementedError

    def _keeps(self, command: C) -> bool:
        """A command while there is no process; whether the next one is to get it."""
        raise NotImplementedError

    def _ended(self, code: str) -> None:
        """This process is over. `code`: `process-lost` or `process-hangs`."""

    # --- for a subclass ---------------------------------------------------------------------------------------

    def _send(self, command: C) -> None:
        if self._process is not None:
            # a process that has just ended cannot be told; what it said last is still to be read
            with contextlib.suppress(OSError):
                self._process.sendall(encode(command) + b"\n")

    def _spend(self) -> None:
        """This process's one use is over: what is commanded from now on is for the next one."""
        self._is_spent = True

    # --- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped.is_set():
            process = self._connect()
            if process is None:
                self._say(DeviceLost(self._device, "no-process"))
                self._take_commands()
                self._stopped.wait(_RETRY_S)
                continue
            with process:
                self._process, self._is_spent = process, False
                self._began()
                has_spoken, code = self._serve(process)
                self._process = None
            self._ended(code)
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

    def _serve(self, process: socket.socket) -> tuple[bool, str]:
        """Until the process ends. Whether it said anything at all, and how it ended."""
        decoder = self._event_decoder()
        has_spoken = False
        self._heard_s = self._asked_s = self._clock.monotonic_s()
        with selectors.DefaultSelector() as selector:
            selector.register(process, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            self._take_commands()  # what waited for this process
            while not self._stopped.is_set() and not self._is_spent:
                ready = {key.fileobj for key, _ in selector.select(PING_EVERY_S)}
                if process in ready:
                    data = _receive(process)
                    if not data or not self._hear(decoder, data):
                        break
                    has_spoken = True
                if self._wake in ready:
                    self._take_commands()
                if not self._is_well(process):
                    return has_spoken, "process-hangs"
        return has_spoken, "process-lost"

    def _is_well(self, process: socket.socket) -> bool:
        now = self._clock.monotonic_s()
        if now - self._heard_s >= SILENT_MAX_S:
            say(Message.PROCESS_HANGS, device=self._device)
            return False
        if now - max(self._heard_s, self._asked_s) >= PING_EVERY_S:
            self._asked_s = now
            with contextlib.suppress(OSError):
                process.sendall(encode(Ping()) + b"\n")
        return True

    def _hear(self, decoder: LineDecoder[Any], data: bytes) -> bool:
        """Pass on what came; False when it is nonsense."""
        self._heard_s = self._clock.monotonic_s()
        decoder.feed(data)
        try:
            while (said := decoder.next_message()) is not NEED_DATA:
                if not isinstance(said, Pong):
                    self._take(msgspec.structs.replace(said, device=self._device))
        except PeerProtocolError:
            say(Message.PROCESS_SPOKE_NONSENSE, device=self._device)
            return False
        return True

    def _take(self, event: Any) -> None:
        if isinstance(event, DeviceArrived | DeviceLost):
            self._say(event)
        else:
            self._pass_on(event)

    def _say(self, event: Event) -> None:
        """Arrival and loss: each fresh process says them again, the core hears changes only."""
        if event != self._said:
            self._said = event
            self._post(event)

    def _take_commands(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        kept: list[C] = []
        while self._commands and not self._is_spent:
            command = self._commands.popleft()
            if self._process is not None:
                self._obey(command)
            elif self._keeps(command):
                kept.append(command)
        self._commands.extendleft(reversed(kept))


def socket_option(device: DeviceId, options: Mapping[str, Any], default: str) -> str:
    """The one option of such a driver. ConfigError for another one."""
    unknown = sorted(set(options) - {"socket"})
    if unknown:
        raise ConfigError(f"{device}: unknown option {unknown[0]}")
    path = options.get("socket", default)
    if not isinstance(path, str):
        raise ConfigError(f"{device}: option socket is not a path")
    return path


def _receive(process: socket.socket) -> bytes:
    """Some bytes; empty at the end."""
    try:
        return process.recv(_RECEIVE_BYTES)
    except OSError:
        return b""
