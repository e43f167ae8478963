"""The photo's road: one packet (kiosk/ipc/photo_slot.py) from the card process to this one, past the core.

The socket exists only while a slot is open,
and a slot takes one packet: whatever it holds ends it, but for a stranger (SO_PEERCRED: another uid than the card
process's) and for a packet that names another slot.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kiosk.ids import SlotId, random_token
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.ipc.photo_slot import ACCEPTED, PHOTO_MAX, REFUSED, SLOT_BYTES

_PEERS_MAX: Final = 4


class PhotoChannel:
    """Works inside its owner's selector, in its owner's thread. `take` gets the photo and wipes it; an empty one came
    in a wrong form. Keys are registered with a callable as data.
    """

    def __init__(
        self,
        path: Path,
        card_uid: int,
        selector: selectors.BaseSelector,
        take: Callable[[bytearray], None],
    ) -> None:
        self._path = path
        self._card_uid = card_uid
        self._selector = selector
        self._take = take
        self._slot: SlotId | None = None
        self._listener: socket.socket | None = None
        self._peers: list[socket.socket] = []

    def open(self) -> SlotId:
        """A new slot; an older one is gone. OSError when the socket cannot be made."""
        self.close()
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        listener.setblocking(False)
        before = os.umask(
            0o117
        )  # rw for us and the directory's group (the card process's), from the first moment
        try:
            listener.bind(os.fspath(self._path))
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(before)
        listener.listen(_PEERS_MAX)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._listener, self._slot = listener, SlotId(random_token())
        return self._slot

    def close(self) -> None:
        """End the slot, if there is one."""
        for peer in tuple(self._peers):
            self._drop(peer)
        listener, self._listener, self._slot = self._listener, None, None
        if listener is not None:
            self._selector.unregister(listener)
            listener.close()
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        peer.setblocking(False)
        uid = uid_of(peer)
        if uid != self._card_uid or uid == NOBODY or len(self._peers) >= _PEERS_MAX:
            _answer(peer, REFUSED)
            peer.close()
            return
        self._peers.append(peer)
        self._selector.register(peer, selectors.EVENT_READ, lambda: self._receive(peer))

    def _drop(self, peer: socket.socket) -> None:
        if peer in self._peers:
            self._peers.remove(peer)
            self._selector.unregister(peer)
            peer.close()

    def _receive(self, peer: socket.socket) -> None:
        buffer = bytearray(SLOT_BYTES + PHOTO_MAX + 1)  # one more, so that a longer packet shows
        try:
            try:
                size = peer.recv_into(buffer)
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if size == 0 or self._slot is None:
                self._drop(peer)
                return
            named = bytes(buffer[:SLOT_BYTES])
            if not hmac.compare_digest(named, bytes.fromhex(self._slot)):
                _answer(peer, REFUSED)
                self._drop(peer)
                return
            is_whole = SLOT_BYTES < size <= SLOT_BYTES + PHOTO_MAX
            photo = bytearray(buffer[SLOT_BYTES:size]) if is_whole else bytearray()
            _answer(peer, ACCEPTED if is_whole else REFUSED)
        finally:
            buffer[:] = bytes(len(buffer))
        self.close()
        self._take(photo)


def _answer(peer: socket.socket, byte: bytes) -> None:
    with contextlib.suppress(OSError):
        peer.send(byte)
