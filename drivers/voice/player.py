"""One queue of speech, one thread: a new prompt ends the old one, a tone sounds over both.

What is private comes out of headphones or a handset and of nothing else: it is decided here, line by line and again at
each 20 ms, by what is plugged in now. Whoever pulls the plug silences a private line in its word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from drivers.voice import sounds
from drivers.voice.outlets import Heard, Outlet
from drivers.voice.pcm import CHUNK, HZ, Samples, chunk_of, gain, mixed
from kiosk import messages
from kiosk.errors import MadoguchiError
from kiosk.ipc.voice_wire import Ears, Hush, Play, Say, Sound, SpokenLine

Speak = Callable[[str, str, int], Samples]
"""(words, language, index of PACES) -> samples."""
PAUSE_S: Final = 0.18
"""Between two lines."""
_PAUSE_CHUNKS: Final = round(PAUSE_S * HZ / CHUNK)


class Tones:
    """Tones that are sounding."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounding: list[tuple[Samples, int, float]] = []

    def add(self, sound: Sound, loudness: int) -> None:
        with self._lock:
            self._sounding.append((sounds.made(sound), 0, gain(loudness)))

    def next_chunks(self) -> list[tuple[Samples, float]]:
        """20 ms of each."""
        with self._lock:
            found = [(chunk_of(samples, at), by) for samples, at, by in self._sounding]
            left = ((samples, at + CHUNK, by) for samples, at, by in self._sounding)
            self._sounding = [each for each in left if each[1] < len(each[0])]
        return found

    @property
    def are_sounding(self) -> bool:
        with self._lock:
            return bool(self._sounding)


class Player:
    """`take` and `set_ears` from any thread; they return at once."""

    def __init__(self, speak: Speak, heard: Heard) -> None:
        self._speak = speak
        self._heard = heard
        self._tones = Tones()
        self._wake = threading.Condition()
        self._say: Say | None = None
        self._is_new = False
        self._is_over = False
        self._ears = Ears(False, False)
        self._thread = threading.Thread(target=self._run, name="voice-player", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._wake:
            self._is_over = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def take(self, message: Say | Play | Hush) -> None:
        """What the screens want."""
        with self._wake:
            match message:
                case Say():
                    self._say, self._is_new = message, True
                case Hush():
                    self._say, self._is_new = None, True
                case Play(sound=sound, loudness=loudness):
                    self._tones.add(sound, loudness)
            self._wake.notify()

    def set_ears(self, ears: Ears) -> None:
        """What is plugged in changed."""
        with self._wake:
            self._ears = ears
            self._wake.notify()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def outlet(self) -> Outlet:
        """A handset at the ear before headphones in the plug, and both before the speaker."""
        if self._ears.has_handset:
            return Outlet.HANDSET
        return Outlet.HEADPHONES if self._ears.has_headphones else Outlet.SPEAKER

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._is_new or self._is_over or self._tones.are_sounding)
                if self._is_over:
                    break
                say, self._say, self._is_new = self._say, None, False
            if say is not None:
                self._perform(say)
            if self._tones.are_sounding:
                self._only_tones()
            if not self._is_new:
                self._heard.drain()
        self._heard.stop()

    @property
    def _is_interrupted(self) -> bool:
        return self._is_new or self._is_over

    def _perform(self, say: Say) -> None:
        for line in say.lines:
            if self._is_interrupted:
                self._heard.stop()
                return
            if self._may_say(line) and not self._say_line(line, say):
                return

    def _may_say(self, line: SpokenLine) -> bool:
        return bool(line.text.strip()) and (self.outlet.is_private or not line.is_private)

    def _say_line(self, line: SpokenLine, say: Say) -> bool:
        """False when it was interrupted, or nobody can hear."""
        try:
            samples = self._speak(line.text, line.language, say.pace)
        except MadoguchiError as why:
            messages.say(messages.Message.LINE_NOT_SPOKEN, device="voice", why=str(why))
            return True
        outlet: Outlet | None = None
        by = gain(say.loudness)
        for at in range(0, len(samples) + _PAUSE_CHUNKS * CHUNK, CHUNK):
            now = self.outlet
            if self._is_interrupted or (line.is_private and not now.is_private):
                self._heard.stop()
                return not self._is_interrupted
            if now is not outlet:  # at the start, and when a handset is lifted: the rest is heard there
                self._heard.begin(now, line.text, line.language, line.is_private)
                outlet = now
            if not self._heard.write(mixed([(chunk_of(samples, at), by), *self._tones.next_chunks()])):
                return False
        return True

    def _only_tones(self) -> None:
        self._heard.begin(self.outlet, "", "", False)
        while self._tones.are_sounding:
            if not self._heard.write(mixed(self._tones.next_chunks())):
                self._tones.next_chunks()
                return
