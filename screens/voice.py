"""The screens' side of the voice: when something is said, which tone sounds, what a plug or a lifted handset begins.

Tones sound for everybody; words only while the voice is on, or something was left behind. A new screen is said whole,
an update says what is new on it; errors come first because a new prompt ends the old one. `AGAIN` says it anew.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from kiosk.errors import PeerProtocolError
from kiosk.intents import (
    LOUDNESS_STEPS,
    PACE_STEPS,
    Intent,
    ReadAloud,
    SetCurtain,
    SetLoudness,
    SetPace,
    SetVoice,
)
from kiosk.ipc import voice_wire
from kiosk.ipc.voice_wire import AnyToVoice, Ears, Hush, Play, Say, Sound
from kiosk.ipc.wire import NEED_DATA
from kiosk.view import (
    EnterPin,
    Notice,
    Pay,
    SessionView,
    StaffDesk,
    TakeCard,
    TakeNote,
    TakeThings,
    Trouble,
    Working,
)
from screens.keys import Key
from screens.speech import Lines, Teller, has_private, news
from screens.widgets.button import PushButton
from screens.widgets.frame import Frame

RETRY_S: Final = 1.0
SEND_TIMEOUT_S: Final = 0.2
REMIND_S: Final = 5.0
"""A thing that was left behind is said again so often."""
WAIT_S: Final = 10.0
"""Progress of a long wait is not said more often than that."""
HURRY_S: Final = 10.0
"""The warning sounds again when so few seconds are left."""
ERRORS = (Notice, Trouble)


class Mouth(Protocol):
    """Where words and tones go."""

    def send(self, message: AnyToVoice) -> None: ...


class Link:
    """The voice process's socket, looked for again while it is away. Silence is no error."""

    def __init__(self, path: str, on_ears: Callable[[Ears], None]) -> None:
        """`on_ears` is called in the link's own thread."""
        self._path = path
        self._on_ears = on_ears
        self._socket: socket.socket | None = None
        self._stop = threading.Event()
        self._sending = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._run, name="voice-link", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        with self._sending:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def send(self, message: AnyToVoice) -> None:
        """Or nothing, if nobody is there or too slow: words that come late are worse than none."""
        with self._sending:
            if self._socket is not None:
                try:
                    self._socket.sendall(voice_wire.line(message))
                except OSError:
                    with contextlib.suppress(OSError):
                        self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError, PeerProtocolError):
                self._talk()
            self._on_ears(Ears(False, False))
            self._stop.wait(RETRY_S)

    def _talk(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as peer:
            peer.connect(self._path)
            decoder = voice_wire.screens_side()
            reader = peer.dup()  # its own timeout: none
            peer.settimeout(SEND_TIMEOUT_S)
            reader.setblocking(True)
            with self._sending:
                self._socket = peer
            try:
                with reader:
                    while data := _wait_and_read(reader):
                        decoder.feed(data)
                        while (said := decoder.next_message()) is not NEED_DATA:
                            self._on_ears(said)
            finally:
                with self._sending:
                    self._socket = None


def _wait_and_read(peer: socket.socket) -> bytes:
    import select  # noqa: PLC0415  # only this thread waits

    poll = select.poll()
    poll.register(peer, select.POLLIN)
    poll.poll()
    return peer.recv(4096)


class Voice:
    """Follows the window. Everything is called in the window's thread."""

    def __init__(
        self, mouth: Mouth, frame: Frame, send: Callable[..., None], now_s: Callable[[], float]
    ) -> None:
        self._mouth = mouth
        self._frame = frame
        self._send_intent = send
        self._now_s = now_s
        self._view: SessionView | None = None
        self._ears = Ears(False, False)
        self._is_by_ears = False
        """Headphones or handset switched it on, so they switch it off."""
        self._said: Lines = ()
        self._told_s = self._reminded_s = 0.0
        self._warned = 0
        self._digits = 0

    # ---- what came

    def hear_ears(self, ears: Ears) -> None:
        """A plug went in or out, a handset was lifted or put back."""
        before, self._ears = self._ears, ears
        view = self._view
        if view is None or ears == before:
            return
        if ears.are_private and not before.are_private:
            self.play(Sound.READY)
            if not view.is_voice_on:
                self._is_by_ears = True
                self._intend(SetVoice, is_on=True)
            else:
                self.say_screen()
        elif before.are_private and not ears.are_private and self._is_by_ears:
            self._is_by_ears = False
            self._intend(SetVoice, is_on=False)

    def show(self, view: SessionView, is_new: bool) -> None:
        """A view is on the glass."""
        before, self._view = self._view, view
        self._tones(before, view, is_new)
        was_on = before is not None and before.is_voice_on
        if view.is_reading:  # the reading process has the sound device
            if before is None or not before.is_reading:
                self._mouth.send(Hush())
            return
        if before is not None and before.is_reading:
            self._read_to_me(view)
            return
        if not view.is_voice_on:
            if was_on:
                self._is_by_ears = False
                self._mouth.send(Hush())
            self._said = ()
        elif not was_on:
            self.say_screen(greeting=True)
        elif (
            is_new
            or before is None
            or before.language != view.language
            or _question(before) != _question(view)
        ):
            changed = before is not None and before.language != view.language
            self.say_screen(excuse=changed)
        else:
            self._say_news(view)
        if before is not None and view.is_voice_on and was_on:
            self._say_manners(before, view)

    def _read_to_me(self, view: SessionView) -> None:
        """The reading is over: how it ended, and the screen again."""
        if not view.is_voice_on:
            return
        teller = self._teller
        lines = teller.screen()
        self._said, self._told_s = lines, self._now_s()
        self._say(
            (*teller.said("speak.read.done" if self._ears.are_private else "speak.read.no_ears"), *lines)
        )

    def away(self) -> None:
        """The core is away: nothing is known any more."""
        self._mouth.send(Hush())
        self._view, self._said = None, ()

    def tick(self) -> None:
        """What is to be said again."""
        view, now = self._view, self._now_s()
        if view is None:
            return
        if (
            isinstance(view.body, TakeCard | TakeNote)
            and _is_left(view)
            and now - self._reminded_s >= REMIND_S
        ):
            self._remind(view)
        if view.still_there is not None and self._warned == 1:
            if view.still_there.ends_at_s - now <= HURRY_S:
                self._warned = 2
                self.play(Sound.WARNING)
                self._say(self._teller.screen())

    # ---- what hands do

    def key(self, key: Key) -> bool:
        """A key that is the voice's own; False: another one."""
        view = self._view
        if view is None:
            return False
        match key:
            case Key.AGAIN if view.is_reading:
                self._intend(ReadAloud, is_on=False)
            case Key.AGAIN:
                self.say_screen()
            case Key.VOICE:
                self._is_by_ears = False
                self._intend(SetVoice, is_on=not view.is_voice_on)
            case Key.CURTAIN:
                self._intend(SetCurtain, is_on=not view.is_curtained)
            case Key.LOUDER | Key.SOFTER:
                self._step(SetLoudness, view.loudness + (1 if key is Key.LOUDER else -1), LOUDNESS_STEPS)
            case Key.FASTER | Key.SLOWER:
                self._step(SetPace, view.pace + (1 if key is Key.FASTER else -1), PACE_STEPS)
            case _:
                return False
        return True

    def focus(self, button: PushButton | None) -> None:
        """The keys are on it."""
        if button is None or button.is_silent:
            return
        self.play(Sound.MOVE)
        if self._is_on:
            self._say(self._teller.button(button))

    def pressed(self) -> None:
        self.play(Sound.PRESS)

    def digits(self, count: int) -> None:
        """So many are in: a click for each, the same for all ten."""
        if count > self._digits:
            self.play(Sound.DIGIT)
        if count != self._digits and count and self._is_on:
            self._say(self._teller.said("speak.digits", count, is_private=True))
        self._digits = count

    def toast(self) -> None:
        """The short message above the bar."""
        text = self._frame.toast.say.text
        if self._is_on and text.key:
            self._say(self._teller.said(text.key))

    def dark_touch(self) -> None:
        if self._is_on:
            self._say(self._teller.said("speak.curtain"))

    def play(self, sound: Sound) -> None:
        if self._view is not None and self._view.is_reading:
            return
        self._mouth.send(Play(sound, self._view.loudness) if self._view is not None else Play(sound))

    # ---- saying

    @property
    def _is_on(self) -> bool:
        return self._view is not None and self._view.is_voice_on

    @property
    def _teller(self) -> Teller:
        return Teller(self._frame, self._view.language if self._view is not None else "ja")

    def say_screen(self, *, greeting: bool = False, excuse: bool = False) -> None:
        """The whole screen."""
        if not self._is_on:
            return
        teller = self._teller
        lines = teller.screen()
        self._said = lines
        self._told_s = self._now_s()
        before = (
            *(teller.excuse() if greeting or excuse else ()),
            *(teller.said("speak.begin") if greeting else ()),
        )
        after: Lines = ()
        if not self._ears.are_private and has_private(lines):
            after = teller.said("speak.plug")
        self._say((*before, *lines, *after))

    def _say_news(self, view: SessionView) -> None:
        lines = self._teller.screen()
        new = news(self._said, lines)
        now = self._now_s()
        if not new or (isinstance(view.body, Working) and now - self._told_s < WAIT_S):
            return
        self._said, self._told_s = lines, now
        self._say(new)

    def _say_manners(self, before: SessionView, view: SessionView) -> None:
        teller = self._teller
        if before.is_curtained != view.is_curtained:
            self._say(teller.said("speak.curtain" if view.is_curtained else "speak.curtain.off"))
        elif before.loudness != view.loudness:
            self._say(teller.said("speak.loudness", view.loudness + 1))
        elif before.pace != view.pace:
            self._say(teller.said("speak.pace", view.pace + 1))

    def _say(self, lines: Lines) -> None:
        if lines and self._view is not None and not self._view.is_reading:
            self._mouth.send(Say(lines, self._view.loudness, self._view.pace))

    def _step(self, wish: type[Intent], level: int, steps: int) -> None:
        if 0 <= level < steps:
            self._intend(wish, level=level)
        else:
            self.play(Sound.EDGE)

    def _intend(self, wish: type[Intent], **fields: Any) -> None:
        if self._view is not None and wish.__name__ in self._view.intents:
            self._send_intent(wish, **fields)

    # ---- tones

    def _tones(self, before: SessionView | None, view: SessionView, is_new: bool) -> None:
        body, old = view.body, before.body if before is not None else None
        if isinstance(body, Pay) and isinstance(old, Pay) and body.inserted > old.inserted:
            self.play(Sound.COIN)
        wrong = isinstance(body, EnterPin) and body.was_wrong and not body.is_checking
        was_wrong = isinstance(old, EnterPin) and old.was_wrong and not old.is_checking
        if (is_new and isinstance(body, ERRORS)) or (wrong and not was_wrong):
            self.play(Sound.ERROR)
        if view.is_staff_called and before is not None and not before.is_staff_called:
            self.play(Sound.CALLED)
        if isinstance(body, StaffDesk) and body.is_sounding and not getattr(old, "is_sounding", False):
            self.play(Sound.READY)
        if _is_left(view) and (before is None or not _is_left(before)):
            self._remind(view)
        if view.still_there is None:
            self._warned = 0
        elif not self._warned:
            self._warned = 1
            self.play(Sound.WARNING)

    def _remind(self, view: SessionView) -> None:
        """Something lies there: aloud, for everybody, whether the voice is on or not."""
        self._reminded_s = self._now_s()
        self.play(Sound.LEFT_BEHIND)
        if view.is_voice_on or isinstance(view.body, TakeCard | TakeNote):
            lines = self._teller.screen()
            self._said = lines
            self._say(tuple(each for each in lines if view.is_voice_on or not each.is_private))


def _is_left(view: SessionView) -> bool:
    body = view.body
    match body:
        case TakeCard(is_left=is_left):
            return is_left
        case TakeNote(is_late=is_late):
            return is_late
        case TakeThings():
            return view.is_staff_called
    return False


def _question(view: SessionView) -> bool:
    return view.still_there is not None
