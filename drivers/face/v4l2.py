"""A camera by Linux' own interface (V4L2, <linux/videodev2.h>): YUYV, 640×480 or finer, memory-mapped buffers.

Proven up to a descriptor that carries frames: the kernel's side of the requests is played by a test. Sizes and numbers
of requests are the 64-bit ABI's, compared with the header's on amd64.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import select
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from drivers.face.frames import FINE, HEIGHT, WIDTH, Frame, Pixels
from kiosk.clock import Clock, SystemClock
from kiosk.errors import DeviceUnavailable

QUERYCAP: Final = 0x80685600
S_FMT: Final = 0xC0D05605
REQBUFS: Final = 0xC0145608
QUERYBUF: Final = 0xC0585609
QBUF: Final = 0xC058560F
DQBUF: Final = 0xC0585611
STREAMON: Final = 0x40045612
STREAMOFF: Final = 0x40045613

CAPTURE: Final = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, and the capability of that name."""
STREAMING: Final = 0x04000000
YUYV: Final = 0x56595559
_MMAP: Final = 1
_BUFFERS: Final = 4
_BUFFERS_MIN: Final = 2
_WAIT_S: Final = 0.5


class Map(Protocol):
    """A mapped buffer."""

    def __getitem__(self, part: slice, /) -> bytes: ...
    def close(self) -> None: ...


Ioctl = Callable[[int, int, bytearray], Any]
Mapper = Callable[[int, int, int], Map]


def _map(descriptor: int, length: int, offset: int) -> mmap.mmap:
    return mmap.mmap(descriptor, length, mmap.MAP_SHARED, mmap.PROT_READ, offset=offset)


class V4l2Camera:
    """FrameSource. `ioctl` and `map_buffer` are the kernel's but in a test."""

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        ioctl: Ioctl = fcntl.ioctl,
        map_buffer: Mapper = _map,
    ) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._ioctl = ioctl
        self._map = map_buffer
        self._descriptor = -1
        self._maps: list[Map] = []
        self._width = self._height = self._stride = 0

    @property
    def identity(self) -> str:
        return f"v4l2 {self._path.name}"

    def open(self, is_fine: bool = False) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            self._check()
            self._choose_format(FINE if is_fine else (WIDTH, HEIGHT))
            self._make_buffers()
            self._ask(STREAMON, struct.pack("=i", CAPTURE))
        except (OSError, ValueError, struct.error):
            self.close()
            raise DeviceUnavailable("camera: V4L2 cannot open it") from None

    def read(self) -> Frame | None:
        """The newest of the frames that wait; the older ones go back unread."""
        newest = None
        try:
            while select.select([self._descriptor], [], [], _WAIT_S if newest is None else 0)[0]:
                got = self._take()
                if got is None:
                    break
                newest = got
        except (OSError, ValueError, IndexError):
            raise DeviceUnavailable("camera: gone") from None
        return None if newest is None else Frame(newest, self._clock.monotonic_s())

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                self._ioctl(descriptor, STREAMOFF, bytearray(struct.pack("=i", CAPTURE)))
            for each in self._maps:
                each.close()
            self._maps.clear()
            os.close(descriptor)

    # --- requests -------------------------------------------------------------------------------------------

    def _ask(self, request: int, data: bytes) -> bytearray:
        both_ways = bytearray(data)
        self._ioctl(self._descriptor, request, both_ways)
        return both_ways

    def _check(self) -> None:
        answer = self._ask(QUERYCAP, bytes(104))
        (can,) = struct.unpack_from("=I", answer, 88)  # device_caps: of this node
        if not can & CAPTURE or not can & STREAMING:
            raise ValueError

    def _choose_format(self, size: tuple[int, int]) -> None:
        """The driver answers with what it has that is nearest."""
        asked = bytearray(208)
        struct.pack_into("=I", asked, 0, CAPTURE)
        struct.pack_into("=IIII", asked, 8, *size, YUYV, 1)  # 1: progressive
        answer = self._ask(S_FMT, bytes(asked))
        self._width, self._height, kind, _, self._stride = struct.unpack_from("=IIIII", answer, 8)
        if kind != YUYV or not 0 < self._width <= FINE[0] or not 0 < self._height <= FINE[1]:
            raise ValueError
        if self._width % 2 or self._stride < 2 * self._width:
            raise ValueError

    def _make_buffers(self) -> None:
        answer = self._ask(REQBUFS, struct.pack("=IIIII", _BUFFERS, CAPTURE, _MMAP, 0, 0))
        (count,) = struct.unpack_from("=I", answer)
        if count < _BUFFERS_MIN:
            raise ValueError
        for index in range(count):
            place = self._ask(QUERYBUF, _buffer(index))
            (offset,) = struct.unpack_from("=I", place, 64)
            (length,) = struct.unpack_from("=I", place, 72)
            if length < self._stride * self._height:
                raise ValueError
            self._maps.append(self._map(self._descriptor, length, offset))
            self._ask(QBUF, _buffer(index))

    def _take(self) -> Pixels | None:
        """One waiting frame, its buffer given back; None when there is none, or it was cut short."""
        try:
            filled = self._ask(DQBUF, _buffer(0))
        except BlockingIOError:
            return None
        index, _, used = struct.unpack_from("=III", filled)
        size = self._stride * self._height
        data = self._maps[index][0:size] if used >= size else b""
        self._ask(QBUF, _buffer(index))
        return rgb_of(data, self._width, self._height, self._stride) if data else None


def _buffer(index: int) -> bytes:
    """struct v4l2_buffer, 88 bytes."""
    data = bytearray(88)
    struct.pack_into("=II", data, 0, index, CAPTURE)
    struct.pack_into("=I", data, 60, _MMAP)
    return bytes(data)


def rgb_of(data: bytes, width: int, height: int, stride: int) -> Pixels:
    """YUYV (two pixels in four bytes, ITU-R BT.601, limited range) as red, green, blue."""
    rows = np.frombuffer(data, dtype=np.uint8).reshape(height, stride)[:, : 2 * width]
    four = rows.reshape(height, width // 2, 4).astype(np.int32)
    light = 298 * (four[:, :, (0, 2)] - 16)
    blue, red = four[:, :, 1:2] - 128, four[:, :, 3:4] - 128
    rgb = np.stack(
        (light + 409 * red, light - 100 * blue - 208 * red, light + 516 * blue),
        axis=-1,
    )
    pixels: Pixels = np.clip((rgb + 128) >> 8, 0, 255).astype(np.uint8).reshape(height, width, 3)
    return pixels
