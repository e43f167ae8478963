"""The terminal's driver: one thread with one TCP connection, bytes to the machine and back."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import selectors
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

import msgspec

from drivers.cashless.codec import NEED_DATA, Message, MessageReader, encode
from drivers.cashless.device import HangUp, Out, Terminal, TerminalCommand
from drivers.cashless.settings import Settings
from drivers.transport.worker import Worker
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.ports import Event

_PREFIX: Final = "tcp://"
_CONNECT_S: Final = 3.0
_CHUNK: Final = 65536


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> TerminalDriver:
    """The factory of the registry. ConfigError for an option that is unknown or of the wrong type."""
    try:
        settings = msgspec.convert(dict(options), Settings)
        return TerminalDriver(device, settings, post)
    except (msgspec.ValidationError, ValueError) as why:
        raise ConfigError(f"{device}: {why}") from None


class TerminalDriver(Worker[TerminalCommand]):
    """One terminal."""

    takes = get_args(TerminalCommand)

    def __init__(
        self,
        device: DeviceId,
        settings: Settings,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(device, post)
        self._settings = settings
        self._address = address_of(settings.port)
        self._clock = clock or SystemClock()
        self._prefix, self._count = secrets.token_hex(2), 0
        self._terminal = Terminal(device, settings, self._next_id, self._stamp)
        self._commands: queue.SimpleQueue[TerminalCommand] = queue.SimpleQueue()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._line: socket.socket | None = None
        self._reader = MessageReader()
        self._connect_at_s = 0.0

    def _accept(self, command: TerminalCommand) -> None:
        self._commands.put(command)
        self._wake()

    def _wake(self) -> None:
        os.eventfd_write(self._bell, 1)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while not self._is_stopping.is_set():
                self._turn()
        finally:
            self._close()

    def _turn(self) -> None:
        now_s = self._clock.monotonic_s()
        if self._line is None and now_s >= self._connect_at_s:
            self._connect()
        self._wait()
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        while not self._commands.empty():
            self._do(self._terminal.perform(self._commands.get(), self._clock.monotonic_s()))
        self._do(self._terminal.tick(self._clock.monotonic_s()))

    def _wait(self) -> None:
        """Until something comes, or the machine or the next try to connect is due; what came is read."""
        due = [] if self._line is not None else [self._connect_at_s]
        if self._terminal.due_s is not None:
            due.append(self._terminal.due_s)
        timeout_s = max(0.0, min(due) - self._clock.monotonic_s()) if due else None
        with selectors.DefaultSelector() as selector:
            selector.register(self._bell, selectors.EVENT_READ)
            if self._line is not None:
                selector.register(self._line, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(timeout_s)}
        if self._line is not None and self._line in ready:
            self._receive(self._line)

    def _connect(self) -> None:
        try:
            line = socket.create_connection(self._address, timeout=_CONNECT_S)
        except OSError:
            self._lose("no-port")
            return
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(_CONNECT_S)
        self._line, self._reader = line, MessageReader()
        self._do(self._terminal.connected(self._clock.monotonic_s()))

    def _receive(self, line: socket.socket) -> None:
        try:
            data = line.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self._lose("hung-up")
            return
        self._reader.feed(data)
        try:
            while (message := self._reader.next_message()) is not NEED_DATA and self._line is line:
                self._do(self._terminal.received(message, self._clock.monotonic_s()))
        except PeerProtocolError:
            self._lose("protocol")

    def _do(self, out: list[Out]) -> None:
        for each in out:
            if isinstance(each, Message):
                self._send(each)
            elif isinstance(each, HangUp):
                self._lose(each.code)
            else:
                self._post(each)

    def _send(self, message: Message) -> None:
        if self._line is None:
            return  # hung up in this very turn: the machine knows
        try:
            self._line.sendall(encode(message))
        except OSError:
            self._lose("hung-up")

    def _lose(self, code: str) -> None:
        self._close()
        now_s = self._clock.monotonic_s()
        self._connect_at_s = now_s + self._settings.retry_s
        self._do(self._terminal.lost(code, now_s))

    def _close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _next_id(self) -> str:
        """Ten letters, none twice in this life, and hardly ever twice in two."""
        self._count += 1
        return f"{self._prefix}{self._count % 1_000_000:06d}"

    def _stamp(self) -> str:
        return self._clock.wall().isoformat(timespec="seconds")


def address_of(port: str) -> tuple[str, int]:
    """ValueError: not `tcp://host:port`."""
    host, colon, number = port.removeprefix(_PREFIX).rpartition(":")
    if not port.startswith(_PREFIX) or not colon or not host or not number.isdecimal():
        raise ValueError("port is not tcp://host:port")
    return host, int(number)
