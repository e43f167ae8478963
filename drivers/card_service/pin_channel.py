"""The PIN's road: one packet from the keypad's process to this one, one VERIFY to the card, nothing left.

Rules.

1. The road exists only while a slot is open. The socket is made for one slot and gone when the slot ends,
by the one
   packet, by its time, by a new slot, or with the process.
2. A slot is used once. Whatever the packet holds, right or wrong in form, the slot ends with it. The only
things that
   do not end it are a stranger (the kernel names the peer's uid, SO_PEERCRED; another uid than the screen's
   is told REFUSED and closed, and so is 65534, which is what every peer looks like across user namespaces)
   and a packet that names another slot (a late one of an older screen).
   The ten-key (tenkey.py) is a second way into the same slot, whose digits never are in a packet: it is read and
   grabbed while the slot is open. Its own enter key ends the slot, or a packet of length 0 from the screen.
3. A secret in a wrong form (length, not a digit; of the 署名用 password: not capitals and digits, one of each at
   least) never reaches the card: it would burn a try for nothing.
4. There is no second VERIFY by itself, also not after silence: the card's counter is asked instead
   (session.py).
5. The bytes live in three places, each overwritten as soon as the next one has them: the
packet's buffer and the
   secret cut out of it (here), the command (jpki.apdu, wiped by the connection). They are never text, never
   in an exception, a repr, a log line or an event; events say what the card thinks of them, not what they
   were.
6. 照合番号B has the same road: three packets from the screen, a slot each, or one from the vision process on a
   socket of its own. What may not be printed on any card (a day that no month has, a year in which no card ends) is
   refused before there is a card (number.py); the whole is held until the card is in, 60 s at most.
7. The process cannot be read: no core dump (RLIMIT_CORE 0), no ptrace and no /proc/PID/mem by the same uid
   (PR_SET_DUMPABLE 0), see hardening.py. It has no disk and no network by its unit file.

What this cannot promise. Python may move or copy small objects before we overwrite them, and one digit at a
time passes through integers that the interpreter keeps anyway; the kernel's socket buffer, libpcsclite's,
pcscd's and the reader's firmware have copies of their own that they free and do not wipe. The card's own
line is in clear: the card begins secure messaging only after the PIN (facts/card.md §8.1). So the reader's
cable stays inside the cabinet, swap stays off, and pcscd never runs with `--apdu`.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drivers.card_service.tenkey import TenKey
from kiosk.clock import Clock
from kiosk.ids import SlotId, random_token
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.ipc.secret_slot import (
    ACCEPTED,
    LENGTH_OFFSET,
    PACKET_BYTES,
    REFUSED,
    SECRET_OFFSET,
    SLOT_BYTES,
)

SLOT_LIFE_S: Final = 600.0
"""The engine closes a slot earlier; this is for an engine that forgot (DESIGN §4)."""

_PEERS_MAX: Final = 4
_DIGITS: Final = frozenset(b"0123456789")
_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(slots=True)
class _Slot:
    slot: SlotId
    min_length: int
    max_length: int
    has_letters: bool
    ends_at_s: float
    listener: socket.socket
    inode: int
    """Of the socket's place: another process's, made there since, is not ours to take away."""


class PinChannel:
    """Opens and closes slots on one socket path; works inside its owner's selector, in its owner's thread.

    `take` gets the secret and wipes it. `spoilt` is called when a slot ended by its time or by a packet in
    a wrong form. Keys are registered with a callable as data. `keys` is the ten-key, whose digits are another way
    into the same slot; `counted` is told how many they are.
    """

    def __init__(
        self,
        path: Path,
        sender_uid: int,
        selector: selectors.BaseSelector,
        clock: Clock,
        take: Callable[[bytearray], None],
        spoilt: Callable[[SlotId], None],
        keys: TenKey | None = None,
        counted: Callable[[SlotId, int], None] = lambda _, __: None,
    ) -> None:
        self._path = path
        self._sender_uid = sender_uid
        self._selector = selector
        self._clock = clock
        self._take = take
        self._spoilt = spoilt
        self._open: _Slot | None = None
        self._peers: list[socket.socket] = []
        self._keys = keys
        self._counted = counted
        if keys is not None:
            keys.changed, keys.entered = self._count_changed, self._entered

    def open(
        self, min_length: int, max_length: int, life_s: float = SLOT_LIFE_S, has_letters: bool = False
    ) -> SlotId:
        """A new slot; an older one is gone. `has_letters`: the 署名用 password, else digits. OSError when the socket
        cannot be made.
        """
        self.close()
        slot = SlotId(random_token())
        end = self._clock.monotonic_s() + life_s
        listener = self._listen()
        self._open = _Slot(slot, min_length, max_length, has_letters, end, listener, self._inode())
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        if self._keys is not None and not has_letters:
            self._keys.begin(max_length)
        return slot

    def close(self) -> SlotId | None:
        """End the open slot and return its id; None when there is none."""
        for peer in tuple(self._peers):
            self._drop(peer)
        ended, self._open = self._open, None
        if self._keys is not None:
            self._keys.end()
        if ended is None:
            return None
        self._selector.unregister(ended.listener)
        ended.listener.close()
        if self._inode() == ended.inode:
            self._path.unlink(missing_ok=True)
        return ended.slot

    def _inode(self) -> int:
        """0: there is nothing."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def seconds_left(self) -> float | None:
        """Until the open slot ends by time; None when there is none."""
        if self._open is None:
            return None
        return max(0.0, self._open.ends_at_s - self._clock.monotonic_s())

    def check_time(self) -> None:
        """End a slot whose time is over."""
        if self.seconds_left() == 0.0:
            self._spoil()

    def _listen(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        listener.setblocking(False)
        before = os.umask(0o117)  # rw for us and the directory's group (the screen's), from the first moment
        try:
            listener.bind(os.fspath(self._path))
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(before)
        listener.listen(_PEERS_MAX)
        return listener

    def _accept(self) -> None:
        if self._open is None:
            return
        try:
            peer, _ = self._open.listener.accept()
        except OSError:
            return
        peer.setblocking(False)
        uid = uid_of(peer)
        if uid != self._sender_uid or uid == NOBODY or len(self._peers) >= _PEERS_MAX:
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
        packet = bytearray(PACKET_BYTES + 1)  # one more, so that a longer packet shows
        try:
            try:
                size = peer.recv_into(packet)
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if size == 0:
                self._drop(peer)
            else:
                self._judge(peer, packet, size)
        finally:
            packet[:] = bytes(len(packet))

    def _judge(self, peer: socket.socket, packet: bytearray, size: int) -> None:
        slot = self._open
        if slot is None:
            self._drop(peer)
            return
        if size != PACKET_BYTES:
            _answer(peer, REFUSED)
            self._spoil()
            return
        with memoryview(packet) as view:
            if not hmac.compare_digest(view[:SLOT_BYTES], bytes.fromhex(slot.slot)):
                _answer(peer, REFUSED)
                self._drop(peer)
                return
            length = view[LENGTH_OFFSET]
            if length == 0 and self._is_entered(slot):
                _answer(peer, ACCEPTED)
                self._entered()
                return
            end = SECRET_OFFSET + length
            if not slot.min_length <= length <= slot.max_length or end > PACKET_BYTES:
                secret = bytearray()
            else:
                secret = bytearray(view[SECRET_OFFSET:end])
        if slot.has_letters:
            _raise_letters(secret)
        if not secret or not _is_of_form(secret, slot.has_letters):
            secret[:] = bytes(len(secret))
            _answer(peer, REFUSED)
            self._spoil()
            return
        _answer(peer, ACCEPTED)
        self.close()
        self._take(secret)

    # --- the ten-key ----------------------------------------------------------------------------------------

    def _count_changed(self, count: int) -> None:
        if self._open is not None:
            self._counted(self._open.slot, count)

    def _is_entered(self, slot: _Slot) -> bool:
        return self._keys is not None and slot.min_length <= self._keys.count <= slot.max_length

    def _entered(self) -> None:
        """Enter, on the pad or on the screen. Too few digits are no end of the slot: the person goes on typing."""
        if self._open is None or self._keys is None or not self._is_entered(self._open):
            return
        secret = self._keys.take()
        self.close()
        self._take(secret)

    def _spoil(self) -> None:
        slot = self.close()
        if slot is not None:
            self._spoilt(slot)


def _raise_letters(secret: bytearray) -> None:
    """The card knows capitals only; who typed small ones meant those."""
    for at, each in enumerate(secret):
        if 0x61 <= each <= 0x7A:
            secret[at] = each - 0x20


def _is_of_form(secret: bytearray, has_letters: bool) -> bool:
    """Four digits; or letters and digits, one of each at least (facts/card.md §1.2)."""
    if not has_letters:
        return all(each in _DIGITS for each in secret)
    is_known = all(each in _DIGITS or each in _LETTERS for each in secret)
    return is_known and any(each in _DIGITS for each in secret) and any(each in _LETTERS for each in secret)


def _answer(peer: socket.socket, byte: bytes) -> None:
    with contextlib.suppress(OSError):
        peer.send(byte)
