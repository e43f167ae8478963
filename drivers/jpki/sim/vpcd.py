"""The line to vsmartcard's virtual reader: the card is the TCP client, vpcd (inside pcscd) listens.

Each message is a two-byte big-endian length and a payload, both ways (vsmartcard, vpcd.c). A payload of one
byte is the reader's hand: 0 off, 1 on, 2 reset (no reply to these), 4 = say the ATR, asked about every 0.4
s to see whether a card is there. Anything longer is a command. A closed connection is a card that was
pulled out.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

from drivers.jpki.sim.card import Silent, Slow, Vanished, VirtualCard
from kiosk.errors import DeviceTimeout

log = logging.getLogger(__name__)

OFF, ON, RESET, ATR = 0, 1, 2, 4
_RETRY_S = 0.1
_PLACE_TIMEOUT_S = 8.0
_MESSAGE_MAX = 65_600


class Reader:
    """Where a card can be placed and removed. Waits for a vpcd that is not there yet."""

    def __init__(
        self, host: str, port: int, latency_s: float = 0.0, place_timeout_s: float = _PLACE_TIMEOUT_S
    ) -> None:
        self._address = (host, port)
        self._place_timeout_s = place_timeout_s
        self._latency_s = latency_s
        self._removed = threading.Event()
        self._removed.set()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.card: VirtualCard | None = None

    def place(self, card: VirtualCard) -> None:
        """Put a card on the reader; another one that lay there is taken away. DeviceTimeout: nobody
        listens.
        """
        self.remove()
        self._removed.clear()
        connected = threading.Event()
        self.card = card
        self._thread = threading.Thread(target=self._run, args=(card, connected), name="vpcd", daemon=True)
        self._thread.start()
        if not connected.wait(self._place_timeout_s):
            self.remove()
            raise DeviceTimeout("vpcd: nobody listens")

    def remove(self) -> None:
        """Take the card away, also in the middle of a command. Nothing there is fine."""
        self._removed.set()
        peer, thread = self._socket, self._thread
        if peer is not None:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        if thread is not None:
            thread.join()
        self._thread = None
        self.card = None

    @property
    def is_occupied(self) -> bool:
        return not self._removed.is_set()

    def _run(self, card: VirtualCard, connected: threading.Event) -> None:
        peer = self._connect()
        if peer is None:
            return
        with peer:
            self._socket = peer
            connected.set()
            try:
                self._serve(peer, card)
            except (OSError, EOFError, Vanished):
                log.debug("the card is off the reader")
            finally:
                self._socket = None
                self._removed.set()

    def _connect(self) -> socket.socket | None:
        while not self._removed.is_set():
            try:
                peer = socket.create_connection(self._address, timeout=1.0)
            except OSError:
                self._removed.wait(_RETRY_S)
                continue
            peer.settimeout(None)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return peer
        return None

    def _serve(self, peer: socket.socket, card: VirtualCard) -> None:
        slow = Slow(self._latency_s, self._removed)
        while True:
            message = _receive(peer)
            if len(message) != 1:
                try:
                    _send(peer, slow(card.answer, message))
                except Silent:
                    self._removed.wait()
                    raise Vanished from None
            elif message[0] == ATR:
                _send(peer, card.atr)
            elif message[0] in (OFF, ON, RESET):
                card.power()


def _receive(peer: socket.socket) -> bytes:
    size = int.from_bytes(_exactly(peer, 2), "big")
    return _exactly(peer, min(size, _MESSAGE_MAX))


def _exactly(peer: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        # vpcd writes length and payload apart and Nagle holds the second back for our acknowledgement:
        # a delayed one (40 ms a command) is not the card's.
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = peer.recv(size - len(got))
        if not piece:
            raise EOFError
        got += piece
    return bytes(got)


def _send(peer: socket.socket, payload: bytes) -> None:
    peer.sendall(len(payload).to_bytes(2, "big") + payload)
