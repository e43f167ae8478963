"""Two sockets, and what one says is given to the other: bounded, line by line, no peer can make the other wait.

One thread per pair and one selector: an SSL object is not for two threads at once.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from collections.abc import Callable
from typing import Final

from kiosk.clock import Clock, SystemClock
from kiosk.errors import PeerProtocolError
from kiosk.ipc import wire

DOWN_MAX: Final = 512 * 1024
"""Bytes that may wait for a slow panel; more, and it is closed (it comes back and gets the whole newest view)."""
STALL_S: Final = 10.0
"""A panel that takes nothing for so long is gone."""
_PIECE: Final = 16 * 1024
_POLL_S: Final = 1.0

Sieve = Callable[[bytes], bytes]
"""What may pass upwards. PeerProtocolError: nothing more from this one."""


class IntentSieve:
    """Only whole, well-formed intents pass; each is written anew, so that no byte of the peer's reaches the core."""

    def __init__(self) -> None:
        self._decoder = wire.server_side()

    def __call__(self, data: bytes) -> bytes:
        self._decoder.feed(data)
        out = b""
        while (intent := self._decoder.next_message()) is not wire.NEED_DATA:
            out += wire.line(intent)
        return out


def as_it_is(data: bytes) -> bytes:
    """At the panel's own end: the other end looks."""
    return data


class Pump:
    """`panel` is the far peer (TLS), `core` the view socket. `run` returns when either is gone or breaks a rule."""

    def __init__(
        self,
        panel: ssl.SSLSocket | socket.socket,
        core: ssl.SSLSocket | socket.socket,
        up: Sieve,
        *,
        clock: Clock | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._panel, self._core, self._up = panel, core, up
        self._clock = clock or SystemClock()
        self._is_stopping = is_stopping
        self._to_panel = bytearray()
        self._to_core = bytearray()
        self._moved_s = self._clock.monotonic_s()

    def run(self) -> str:
        """Why it ended: `closed`, `rules`, `slow`, `stopped`."""
        for each in (self._panel, self._core):
            each.setblocking(False)
        with selectors.DefaultSelector() as selector:
            for each in (self._panel, self._core):
                selector.register(each, selectors.EVENT_READ)
            try:
                while not self._is_stopping():
                    if why := self._turn(selector):
                        return why
            except PeerProtocolError:
                return "rules"
            except OSError:
                return "closed"
        return "stopped"

    def _turn(self, selector: selectors.BaseSelector) -> str:
        for each, waiting in ((self._panel, self._to_panel), (self._core, self._to_core)):
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0)
            selector.modify(each, wanted)
        selector.select(_POLL_S)
        if not self._read(self._panel, self._to_core, self._up) or not self._read(
            self._core, self._to_panel, as_it_is
        ):
            return "closed"
        self._write(self._core, self._to_core)
        if self._write(self._panel, self._to_panel):
            self._moved_s = self._clock.monotonic_s()
        if len(self._to_panel) > DOWN_MAX or (
            self._to_panel and self._clock.monotonic_s() - self._moved_s > STALL_S
        ):
            return "slow"
        return "slow" if len(self._to_core) > DOWN_MAX else ""

    def _read(self, peer: ssl.SSLSocket | socket.socket, to: bytearray, sieve: Sieve) -> bool:
        """All that is there now; False at its end."""
        while True:
            try:
                data = peer.recv(_PIECE)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return True
            if not data:
                return False
            to += sieve(data)
            if len(to) > DOWN_MAX:
                return True

    def _write(self, peer: ssl.SSLSocket | socket.socket, waiting: bytearray) -> bool:
        """True when all is out, or something went."""
        if not waiting:
            return True
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            sent = peer.send(bytes(waiting[:_PIECE]))
            del waiting[:sent]
            return sent > 0
        return False
