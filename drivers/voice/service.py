"""The loop of the voice process: the screens' socket, the jack and the hook, in one thread; the sound in another.

Only the screens may speak to it (SO_PEERCRED), one of them at a time: a new connection takes the place of the old, as
screens that start again do. Words are in memory while they are said and nowhere else: no log has one.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections.abc import Sequence
from typing import Any, Final

from drivers.voice.ears import LOOK_AGAIN_S, Switch, SwitchWatch
from drivers.voice.player import Player
from kiosk.errors import PeerProtocolError
from kiosk.ipc import voice_wire
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.ipc.voice_wire import Ears, Hush
from kiosk.ipc.watchdog import Watchdog, shorter
from kiosk.ipc.wire import NEED_DATA, LineDecoder
from kiosk.messages import Message, say

_RECEIVE_BYTES: Final = 16 * 1024
_SEND_TIMEOUT_S: Final = 1.0


class VoiceService:
    """`run` returns True after `stop`, False when the player's thread has died."""

    def __init__(
        self,
        listener: socket.socket,
        screen_uids: Sequence[int],
        player: Player,
        headphones: Switch | None = None,
        handset: Switch | None = None,
    ) -> None:
        if NOBODY in screen_uids:
            raise ValueError("uid 65534 is nobody")
        self._listener = listener
        self._uids = frozenset(screen_uids)
        self._player = player
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._headphones = self._watch(headphones)
        self._handset = self._watch(handset)
        self._screen: socket.socket | None = None
        self._decoder: LineDecoder[Any] = voice_wire.voice_side()
        self._watchdog = Watchdog()
        self._is_over = False

    def _watch(self, switch: Switch | None) -> SwitchWatch | None:
        return SwitchWatch(switch, self._selector, self._tell_ears) if switch is not None else None

    @property
    def _switches(self) -> list[SwitchWatch]:
        return [each for each in (self._headphones, self._handset) if each is not None]

    @property
    def ears(self) -> Ears:
        return Ears(
            self._headphones is not None and self._headphones.is_on,
            self._handset is not None and self._handset.is_on,
        )

    def stop(self) -> None:
        """Return from `run`. Any thread, or a signal handler."""
        self._is_over = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> bool:
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, _nothing)
        self._player.start()
        try:
            while not self._is_over and self._player.is_alive:
                self._watchdog.beat()
                for each in self._switches:
                    each.look()
                is_waiting = any(not each.is_there for each in self._switches)
                for key, _ in self._selector.select(shorter(LOOK_AGAIN_S if is_waiting else None)):
                    if key.fd in self._selector.get_map():  # not closed by the one before it
                        key.data()
            return self._is_over
        finally:
            self._drop_screen()
            for each in self._switches:
                each.close()
            self._player.stop()
            self._selector.close()
            self._listener.close()
            self._watchdog.close()  # the descriptor to wake us stays: `stop` may be on its way

    # --- the screens --------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        if uid_of(peer) not in self._uids:
            say(Message.PEER_TURNED_AWAY, device="voice")
            peer.close()
            return
        self._drop_screen()
        peer.settimeout(_SEND_TIMEOUT_S)
        self._screen, self._decoder = peer, voice_wire.voice_side()
        self._selector.register(peer, selectors.EVENT_READ, self._hear)
        self._tell_ears()

    def _drop_screen(self) -> None:
        """Whatever it wanted said is not said any more."""
        screen, self._screen = self._screen, None
        if screen is not None:
            self._selector.unregister(screen)
            screen.close()
            self._player.take(Hush())

    def _hear(self) -> None:
        if self._screen is None:
            return
        try:
            data = self._screen.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:  # it took the place of one that had something to say
            return
        except OSError:
            data = b""
        if not data:
            self._drop_screen()
            return
        self._decoder.feed(data)
        try:
            while (said := self._decoder.next_message()) is not NEED_DATA:
                self._player.take(said)
        except PeerProtocolError:
            say(Message.PROCESS_SPOKE_NONSENSE, device="screens")
            self._drop_screen()

    def _tell_ears(self) -> None:
        self._player.set_ears(self.ears)
        if self._screen is not None:
            with contextlib.suppress(OSError):  # it went: the next read says so
                self._screen.sendall(voice_wire.line(self.ears))


def _nothing() -> None:
    """Only to come out of select."""
