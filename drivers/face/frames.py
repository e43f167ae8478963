"""Where frames come from: one port, and the sources for tests, the demo and evaluation (files, a simulated camera)."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from kiosk.clock import Clock, SystemClock
from kiosk.errors import DeviceUnavailable

Pixels = npt.NDArray[np.uint8]
"""Rows, columns, red-green-blue."""

WIDTH, HEIGHT = 640, 480
FINE = (1280, 960)
"""For print: what a camera is asked for at most. One that has less (720 rows, or 480) gives that."""
_FRAME_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Frame:
    pixels: Pixels
    at_s: float

    def __repr__(self) -> str:
        return "Frame()"


class FrameSource(Protocol):
    """A camera. Not open until `open`, shut for good by `close` (twice is fine)."""

    @property
    def identity(self) -> str:
        """Maker and model, or the kind of source."""

    def open(self, is_fine: bool = False) -> None:
        """`is_fine`: as many pixels as it has, up to FINE, for print. DeviceUnavailable."""

    def read(self) -> Frame | None:
        """The newest frame; None when none came within half a second. DeviceUnavailable when the camera is gone."""

    def close(self) -> None: ...


class FileFrames:
    """Pictures as if a camera had seen them, `rate` a second by their own count: no clock, no waiting."""

    identity = "files"

    def __init__(self, paths: Sequence[Path], rate: float = 15.0, is_endless: bool = True) -> None:
        self._paths = tuple(paths)
        self._rate = rate
        self._is_endless = is_endless
        self._pictures: list[Pixels] = []
        self._count = 0

    def open(self, is_fine: bool = False) -> None:
        try:
            self._pictures = [load(path, FINE[0] if is_fine else WIDTH) for path in self._paths]
        except (OSError, ValueError, Image.DecompressionBombError):
            raise DeviceUnavailable("frames: a file is no picture") from None
        if not self._pictures:
            raise DeviceUnavailable("frames: no picture")

    def read(self) -> Frame | None:
        if not self._pictures or (self._count >= len(self._pictures) and not self._is_endless):
            raise DeviceUnavailable("frames: at the end")
        frame = Frame(self._pictures[self._count % len(self._pictures)], self._count / self._rate)
        self._count += 1
        return frame

    def close(self) -> None:
        self._pictures = []


ASK: Final = b"?"
"""What a simulated camera is sent for each frame."""
ASK_FINE: Final = b"+"
"""The same, for one of FINE's size."""


class SocketFrames:
    """A simulated camera's end (sim.py): asks for a frame, gets the newest."""

    identity = "simulated camera"

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._line: socket.socket | None = None
        self._size, self._ask = (WIDTH, HEIGHT), ASK

    def open(self, is_fine: bool = False) -> None:
        self.close()
        self._size, self._ask = (FINE, ASK_FINE) if is_fine else ((WIDTH, HEIGHT), ASK)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        line.settimeout(_FRAME_WITHIN_S)
        try:
            line.connect(os.fspath(self._path))
        except OSError:
            line.close()
            raise DeviceUnavailable("frames: no camera") from None
        self._line = line

    def read(self) -> Frame | None:
        if self._line is None:
            raise DeviceUnavailable("frames: not open")
        wide, high = self._size
        data = bytearray(wide * high * 3)
        rest = memoryview(data)
        try:
            self._line.sendall(self._ask)
            while rest:
                size = self._line.recv_into(rest)
                if not size:
                    raise DeviceUnavailable("frames: the camera is gone")
                rest = rest[size:]
        except OSError:
            raise DeviceUnavailable("frames: the camera is gone") from None
        pixels = np.frombuffer(data, dtype=np.uint8).reshape(high, wide, 3)
        return Frame(pixels, self._clock.monotonic_s())

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def load(path: Path, longest: int = WIDTH) -> Pixels:
    """A file as a frame: no side longer than a camera's."""
    with Image.open(path) as picture:
        upright = picture.convert("RGB")
        upright.thumbnail((longest, longest))
        return np.array(upright, dtype=np.uint8)
