"""A screen's end of the view socket. One thread receives, any thread may send."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import DeviceUnavailable, PeerProtocolError
from kiosk.intents import AnyIntent
from kiosk.ipc import wire

_RECEIVE_BYTES = 64 * 1024
_SEND_TIMEOUT_S = 2
"""A core that takes nothing for so long is stuck; the screen must not be."""

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0


class ViewClient:
    """Views in, intents out, over the core's Unix socket."""

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._socket: socket.socket | None = None
        self._decoder = wire.client_side()
        self._sending = threading.Lock()
        self.has_received = False
        """True once the core has sent anything: it knows this uid."""

    def connect(self) -> None:
        """Connect; DeviceUnavailable when the core is not there or shuts us out."""
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", _SEND_TIMEOUT_S, 0))
            peer.connect(self._path)
        except OSError as error:
            peer.close()
            raise DeviceUnavailable(f"core: view socket, errno {error.errno}") from None
        self._socket = peer
        self._decoder = wire.client_side()
        self.has_received = False

    def receive(self, timeout_s: float | None = None) -> wire.AnyServerMessage | None:
        """The next message; None when the core has closed. TimeoutError after `timeout_s` (nothing is lost).

        PeerProtocolError when this is not our core; the connection is then closed.
        """
        peer = self._socket
        if peer is None:
            return None
        while True:
            try:
                message = self._decoder.next_message()
            except PeerProtocolError:
                self.close()
                raise
            if message is not wire.NEED_DATA:
                self.has_received = True
                return message
            data = _read(peer, timeout_s)
            if not data:
                self.close()
                return None
            self._decoder.feed(data)

    def send(self, intent: AnyIntent) -> None:
        """Send one intent; DeviceUnavailable when the core is away (the next view says what is possible)."""
        data = wire.line(intent)
        with self._sending:
            if self._socket is None:
                raise DeviceUnavailable("core: not connected")
            try:
                self._socket.sendall(data)
            except OSError as error:
                self._shut()
                raise DeviceUnavailable(f"core: view socket, errno {error.errno}") from None

    def close(self) -> None:
        """End the connection; a receive() that waits in another thread returns None. May be called again."""
        self._shut()
        with self._sending:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _shut(self) -> None:
        peer = self._socket
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


def _read(peer: socket.socket, timeout_s: float | None) -> bytes:
    """Some bytes; empty at the end of the connection."""
    try:
        poll = select.poll()
        poll.register(peer, select.POLLIN)
        if not poll.poll(None if timeout_s is None else timeout_s * 1000):
            raise TimeoutError
        return peer.recv(_RECEIVE_BYTES)
    except TimeoutError:
        raise
    except (OSError, ValueError):  # reset by the core, or closed by another thread
        return b""


def connect_forever(path: Path | str, stop: threading.Event) -> Iterator[ViewClient]:
    """A connected client, again and again, with growing pauses while the core is away; ends with `stop`.

    for client in connect_forever(path, stop):
        while (message := client.receive()) is not None: …
    """
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        client = ViewClient(path)
        try:
            client.connect()
        except DeviceUnavailable:
            pass
        else:
            try:
                yield client
            finally:
                client.close()
            if client.has_received:
                pause_s = FIRST_PAUSE_S
        stop.wait(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
