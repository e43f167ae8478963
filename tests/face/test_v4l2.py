"""V4L2 up to a descriptor that carries frames: a memory file is the camera's buffers, a function the kernel's side."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="the extra `vision` is not installed")

from drivers.face import v4l2
from drivers.face.v4l2 import V4l2Camera, rgb_of
from kiosk.errors import DeviceUnavailable

WIDTH, HEIGHT, STRIDE = 640, 480, 1344  # a stride with padding, as drivers may have
LENGTH = 648 * 1024


class Kernel:
    """Answers requests as Documentation/userspace-api/media/v4l says, for one camera."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.queued: list[int] = []
        self.filled: list[tuple[int, int]] = []
        self.caps = v4l2.CAPTURE | v4l2.STREAMING
        self.format = v4l2.YUYV
        self.is_streaming = False

    def ioctl(self, _: int, request: int, data: bytearray) -> int:
        match request:
            case v4l2.QUERYCAP:
                struct.pack_into("=I", data, 88, self.caps)
            case v4l2.S_FMT:
                struct.pack_into("=IIIII", data, 8, WIDTH, HEIGHT, self.format, 1, STRIDE)
            case v4l2.QUERYBUF:
                (index,) = struct.unpack_from("=I", data)
                struct.pack_into("=I", data, 64, index * LENGTH)
                struct.pack_into("=I", data, 72, LENGTH)
            case v4l2.QBUF:
                self.queued.append(struct.unpack_from("=I", data)[0])
            case v4l2.DQBUF:
                if not self.filled:
                    raise BlockingIOError
                struct.pack_into("=III", data, 0, self.filled[0][0], 1, self.filled.pop(0)[1])
            case v4l2.STREAMON:
                self.is_streaming = True
            case v4l2.STREAMOFF:
                self.is_streaming = False
        return 0

    def shoot(self, light: int, size: int = STRIDE * HEIGHT) -> None:
        index = self.queued.pop(0)
        os.pwrite(self.memory, bytes((light, 128)) * (STRIDE * HEIGHT // 2), index * LENGTH)
        self.filled.append((index, size))


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    memory = os.memfd_create("frames")
    os.truncate(memory, 4 * LENGTH)
    yield Kernel(memory)
    os.close(memory)


def camera(kernel: Kernel) -> V4l2Camera:
    path = Path(f"/proc/self/fd/{kernel.memory}")
    return V4l2Camera(path, ioctl=kernel.ioctl)


def test_the_newest_frame_is_read_and_every_buffer_goes_back(kernel: Kernel) -> None:
    eye = camera(kernel)
    eye.open()
    assert kernel.is_streaming and kernel.queued == [0, 1, 2, 3]
    kernel.shoot(16)
    kernel.shoot(235)
    frame = eye.read()
    assert frame is not None and frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert int(frame.pixels.min()) == 255
    kernel.shoot(16, size=100)
    assert eye.read() is None  # cut short
    assert sorted(kernel.queued) == [0, 1, 2, 3]
    eye.close()
    assert not kernel.is_streaming
    with pytest.raises(DeviceUnavailable):
        eye.read()


@pytest.mark.parametrize("wrong", [{"caps": v4l2.CAPTURE}, {"caps": v4l2.STREAMING}, {"format": 0x47504A4D}])
def test_a_device_that_cannot_is_refused(kernel: Kernel, wrong: dict[str, int]) -> None:
    for name, value in wrong.items():
        setattr(kernel, name, value)
    with pytest.raises(DeviceUnavailable):
        camera(kernel).open()


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceUnavailable):
        V4l2Camera(Path("/dev/no-camera")).open()


@pytest.mark.parametrize(
    ("yuyv", "colour"),
    [
        ((16, 128, 16, 128), (0, 0, 0)),
        ((235, 128, 235, 128), (255, 255, 255)),
        ((81, 90, 81, 240), (255, 0, 0)),
        ((145, 54, 145, 34), (0, 255, 0)),
        ((41, 240, 41, 110), (0, 0, 255)),
    ],
)
def test_colours_are_those_of_the_standard(yuyv: tuple[int, ...], colour: tuple[int, ...]) -> None:
    """The bars of ITU-R BT.601 at 100 %."""
    ((pixel, _),) = rgb_of(bytes(yuyv), 2, 1, 4)
    assert all(abs(int(found) - wanted) <= 2 for found, wanted in zip(pixel, colour, strict=True))
