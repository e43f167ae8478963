"""The loop of a card process: the core's socket, the reader's news and the PIN's socket, in one thread.

The reader is watched in a second thread that only puts states on a list; commands to the card are done
here, one after the other. An operation that does not end in `STUCK_S` ends the process: pcscd then unpowers
the card by itself.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from drivers.card_service import messages
from drivers.card_service.messages import CardEvent, UseReader
from drivers.card_service.needs import Card, Presence, Roads
from drivers.card_service.number import Number
from drivers.card_service.photo_road import hand_over
from drivers.card_service.pin_channel import PinChannel
from drivers.card_service.session import CardSession
from drivers.card_service.tenkey import TenKey
from drivers.jpki.cv import Roots
from kiosk.clock import Clock, SystemClock
from kiosk.errors import PeerProtocolError
from kiosk.ids import DeviceId, SlotId
from kiosk.ipc.fresh import Ping, Pong
from kiosk.ipc.watchdog import Watchdog, shorter
from kiosk.ipc.wire import NEED_DATA
from kiosk.messages import Message, say
from kiosk.ports import DigitsEntered

STUCK_S: Final = 15.0
EXIT_STUCK: Final = 3
_RECEIVE_BYTES: Final = 4096
_SEND_TIMEOUT_S: Final = 5.0


class Places(NamedTuple):
    """Sockets: the screen's secrets in, the camera's number in, the photo out. And the marked pad's input device."""

    pin: Path
    number: Path
    photo: Path
    ten_key: Path | None = None
    must_grab: bool = True
    """False: a descriptor that only carries `input_event` will do (tests, demo)."""


class Users(NamedTuple):
    """Who may send a secret, by uid."""

    screen: int
    vision: int


class CoreGone(Exception):  # noqa: N818  # the normal end of a session whose core went away
    """The core closed its end, or speaks nonsense."""


class CardService:
    """`run` returns when the card was removed, the core went away, or `stop` was called."""

    def __init__(
        self,
        core: socket.socket,
        device: DeviceId,
        places: Places,
        users: Users,
        connect: Callable[[Presence], Card],
        roots: Roots,
        clock: Clock | None = None,
        watch: Callable[[UseReader], None] = lambda _: None,
    ) -> None:
        """`watch` is called once, when the core has said which reader is meant: from then on it calls `tell_reader`."""
        clock = clock or SystemClock()
        self._watch: Callable[[UseReader], None] | None = watch
        self._core = core
        self._device = device
        self._decoder = messages.command_decoder()
        self._selector = selectors.DefaultSelector()
        self._news: deque[Presence] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_stopped = False
        self._watchdog = Watchdog()
        keys = TenKey(places.ten_key, self._selector, places.must_grab) if places.ten_key else None
        ends = (self._take_secret, self._spoilt)
        screen = PinChannel(places.pin, users.screen, self._selector, clock, *ends, keys, self._counted)
        camera = PinChannel(places.number, users.vision, self._selector, clock, *ends)
        self._channels = (screen, camera)
        self._number = Number(clock)
        roads = Roads(screen, camera, partial(hand_over, places.photo, users.vision))
        self._session = CardSession(device, self._post, connect, roads, self._number, roots)

    # --- from other threads ---------------------------------------------------------------------------------

    def tell_reader(self, now: Presence) -> None:
        """The reader changed. Any thread."""
        self._news.append(now)
        os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """Unpower and return. Any thread, or a signal handler."""
        self._is_stopped = True
        os.eventfd_write(self._wake, 1)

    # --- the loop -------------------------------------------------------------------------------------------

    def run(self) -> None:
        self._core.settimeout(_SEND_TIMEOUT_S)
        self._selector.register(self._core, selectors.EVENT_READ, self._hear_core)
        self._selector.register(self._wake, selectors.EVENT_READ, self._hear_reader)
        try:
            while not self._session.is_over and not self._is_stopped:
                self._watchdog.beat()
                ready = self._selector.select(shorter(self._seconds_left()))
                with _not_stuck():
                    for channel in self._channels:
                        channel.check_time()
                    self._session.check_time()
                    for key, _ in ready:
                        now = self._selector.get_map().get(key.fd)
                        if now is not None and now.data is key.data:  # not closed by the one before it
                            key.data()
        except CoreGone:
            say(Message.CORE_WENT_AWAY)
        finally:
            with _not_stuck():
                self._session.end()
            self._selector.close()
            self._watchdog.close()

    def _seconds_left(self) -> float | None:
        """Until something has to be forgotten."""
        waits = (*(channel.seconds_left() for channel in self._channels), self._number.seconds_left())
        return min((wait for wait in waits if wait is not None), default=None)

    def _hear_core(self) -> None:
        try:
            data = self._core.recv(_RECEIVE_BYTES)
        except OSError:
            data = b""
        if not data:
            raise CoreGone
        self._decoder.feed(data)
        while True:
            try:
                message = self._decoder.next_message()
            except PeerProtocolError:
                raise CoreGone from None
            if message is NEED_DATA:
                return
            if isinstance(message, Ping):
                self._tell(Pong())
            elif isinstance(message, UseReader):
                watch, self._watch = self._watch, None
                if watch is not None:
                    watch(message)
            else:
                self._session.obey(message)

    def _hear_reader(self) -> None:
        os.eventfd_read(self._wake)
        while self._news:
            self._session.see_reader(self._news.popleft())

    def _take_secret(self, secret: bytearray) -> None:
        self._session.take_secret(secret)

    def _counted(self, slot: SlotId, count: int) -> None:
        self._post(DigitsEntered(self._device, slot, count))

    def _spoilt(self, slot: SlotId) -> None:
        self._session.slot_spoilt(slot)

    def _post(self, event: CardEvent) -> None:
        self._tell(event)

    def _tell(self, message: CardEvent | Pong) -> None:
        try:
            self._core.sendall(messages.line(message))
        except OSError:
            raise CoreGone from None


@contextlib.contextmanager
def _not_stuck() -> Iterator[None]:
    """A reader's driver may block for ever; then nobody could end this session but we ourselves."""
    timer = threading.Timer(STUCK_S, os._exit, (EXIT_STUCK,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
