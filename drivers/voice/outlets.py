"""Where sound goes: ALSA by `aplay`, one for the speaker, one for headphones, one for the handset.

`aplay` (alsa-utils) and not a binding: a program that is killed is silent at once, whatever its buffers hold; nothing
of ALSA is in our process; and there is nothing to compile. One runs while there is something to hear, so the device is
free in between, for kiosk-read.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import subprocess
from collections.abc import Mapping
from typing import Final, Protocol

from drivers.voice.pcm import BYTES, CHUNK, HZ, Samples
from kiosk.messages import Message, say

AHEAD_US: Final = 120_000
"""So much is in ALSA's hands: what is mixed now is heard that much later."""
_ENDS_WITHIN_S: Final = 1.0


class Outlet(enum.Enum):
    """What the words come out of."""

    SPEAKER = "speaker"
    HEADPHONES = "headphones"
    HANDSET = "handset"

    @property
    def is_private(self) -> bool:
        return self is not Outlet.SPEAKER


class Heard(Protocol):
    """What the player plays into. One thread."""

    def begin(self, outlet: Outlet, text: str, language: str, is_private: bool) -> None:
        """From here it is this line; empty: only tones."""

    def write(self, chunk: Samples) -> bool:
        """Play CHUNK samples; returns when there is room for the next. False: there is no sound device."""

    def stop(self) -> None:
        """Silence, now."""

    def drain(self) -> None:
        """What was written is heard to its end; then the device is free."""


class Alsa:
    """`devices`: ALSA's name for each outlet, as `aplay -L` lists them; one that is missing is `default`."""

    def __init__(self, devices: Mapping[Outlet, str], program: str = "/usr/bin/aplay") -> None:
        self._devices = dict(devices)
        self._program = program
        self._player: subprocess.Popen[bytes] | None = None
        self._outlet: Outlet | None = None

    def begin(self, outlet: Outlet, text: str, language: str, is_private: bool) -> None:
        del text, language, is_private  # words go no further than the synthesis
        if self._outlet is not outlet:
            self.stop()
            self._outlet = outlet

    def write(self, chunk: Samples) -> bool:
        player = self._player or self._start()
        if player is None or player.stdin is None:
            return False
        try:
            player.stdin.write(chunk.tobytes())
            return True
        except OSError:  # it ended: no such device, or somebody else's
            self.stop()
            return False

    def _start(self) -> subprocess.Popen[bytes] | None:
        device = self._devices.get(self._outlet or Outlet.SPEAKER, "default")
        raw = ("-q", "-D", device, "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(HZ), "-B", str(AHEAD_US))
        try:
            made = subprocess.Popen(  # noqa: S603  # fixed words, and a device of the machine's profile
                [self._program, *raw, "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError:
            say(Message.DEVICE_LOST, device="voice", why=f"no {self._program}")
            return None
        if made.stdin is not None:  # a pipe's own 64 kB would be more than a second
            with contextlib.suppress(OSError):
                fcntl.fcntl(made.stdin, fcntl.F_SETPIPE_SZ, 4 * CHUNK * BYTES)
        self._player = made
        return made

    def stop(self) -> None:
        player, self._player = self._player, None
        if player is None:
            return
        player.kill()
        self._reap(player)

    def drain(self) -> None:
        player, self._player = self._player, None
        if player is None:
            return
        if player.stdin is not None:
            with contextlib.suppress(OSError):
                player.stdin.close()
        self._reap(player)

    def _reap(self, player: subprocess.Popen[bytes]) -> None:
        if player.stdin is not None:
            with contextlib.suppress(OSError):
                player.stdin.close()
        try:
            player.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            player.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                player.wait(_ENDS_WITHIN_S)
