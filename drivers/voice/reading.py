"""`kiosk-read`: the text of one certificate comes in one packet, is heard by its owner alone, and is gone.

It looks for headphones and handset itself, so nobody has to be believed; whoever pulls the plug ends it. It ends when
it is read, when the core closes the connection, or with the first thing that goes wrong. It has no network, no disk,
no display, and answers one packet: how it ended.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from drivers.voice.ears import Switch, SwitchWatch
from drivers.voice.outlets import Heard, Outlet
from drivers.voice.paper import spoken
from drivers.voice.pcm import CHUNK, Samples, chunk_of, gain, mixed
from drivers.voice.player import PAUSE_S
from drivers.voice.player import Speak as Speaking
from kiosk.errors import MadoguchiError
from kiosk.ports import ReadingEnd

LANGUAGE: Final = "ja"
"""The paper's own."""
PACKET_MAX: Final = 192 * 1024
"""One packet of SOCK_SEQPACKET; a certificate of twenty pages has 40 kB of text."""
HANDED_OVER_WITHIN_S: Final = 5.0
BUSY_FOR_S: Final = 3.0
"""The screens' voice lets the sound device go when the reading begins: so long it is waited for."""
_PAUSE: Final = int(PAUSE_S * 24_000)


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The packet."""

    pages: tuple[str, ...]
    loudness: int
    pace: int


def take_order(core: socket.socket) -> Order | None:
    """The one packet. None: it did not come, or is no order."""
    core.settimeout(HANDED_OVER_WITHIN_S)
    try:
        data = core.recv(PACKET_MAX)
        return msgspec.json.decode(data, type=Order)
    except (OSError, msgspec.MsgspecError):  # the library quotes the text
        return None


class Reading:
    """`run` reads to the end, or until somebody or something ends it."""

    def __init__(
        self,
        core: socket.socket,
        order: Order,
        speak: Speaking,
        heard: Heard,
        switches: dict[Outlet, Switch],
    ) -> None:
        self._core = core
        self._order = order
        self._speak = speak
        self._heard = heard
        self._selector = selectors.DefaultSelector()
        self._watches = {
            outlet: SwitchWatch(switch, self._selector, lambda: None) for outlet, switch in switches.items()
        }
        self._is_stopped = threading.Event()

    def run(self) -> ReadingEnd:
        for watch in self._watches.values():
            watch.look()
        self._core.setblocking(False)
        self._selector.register(
            self._core, selectors.EVENT_READ, self._is_stopped.set
        )  # it closes, or speaks: enough
        self._glance()
        try:
            return self._read()
        finally:
            self._heard.stop()
            for watch in self._watches.values():
                watch.close()
            self._selector.close()

    @property
    def outlet(self) -> Outlet | None:
        """The handset before headphones; None: nobody alone."""
        there = (Outlet.HANDSET, Outlet.HEADPHONES)
        return next((each for each in there if each in self._watches and self._watches[each].is_on), None)

    def _read(self) -> ReadingEnd:
        if self.outlet is None:
            return ReadingEnd.NO_EARS
        for page in self._order.pages:
            for line in spoken(page):
                try:
                    samples = self._speak(line, LANGUAGE, self._order.pace)
                except MadoguchiError:
                    return ReadingEnd.FAILED
                end = self._say(line, samples)
                if end is not None:
                    return end
        self._heard.drain()
        return ReadingEnd.DONE

    def _say(self, line: str, samples: Samples) -> ReadingEnd | None:
        outlet = None
        for at in range(0, len(samples) + _PAUSE, CHUNK):
            self._glance()
            if self._is_stopped.is_set():
                return ReadingEnd.STOPPED
            now = self.outlet
            if now is None:
                return ReadingEnd.NO_EARS
            if now is not outlet:
                outlet = now
                self._heard.begin(outlet, line, LANGUAGE, True)
            if not self._write(mixed([(chunk_of(samples, at), gain(self._order.loudness))])):
                return ReadingEnd.FAILED
        return None

    def _write(self, chunk: Samples) -> bool:
        """The device may still be the screens' for a moment."""
        tries = int(BUSY_FOR_S / 0.1)
        for _ in range(tries):
            if self._heard.write(chunk):
                return True
            if self._is_stopped.wait(0.1):
                return True
        return False

    def _glance(self) -> None:
        """What came on the core's socket and from jack and hook, without waiting."""
        for key, _ in self._selector.select(0):
            act: Callable[[], None] = key.data
            act()


def answer(core: socket.socket, how: ReadingEnd) -> None:
    """One packet; a core that has gone does not need it."""
    try:
        core.setblocking(True)
        core.settimeout(1.0)
        core.send(how.value.encode())
    except OSError:
        pass
    finally:
        core.close()
