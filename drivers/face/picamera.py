"""A Raspberry Pi's camera: the only module that imports picamera2, and late (Debian of the Pi has it, PyPI's wants
libcamera beside it). Written after its documentation; never run (README.md).
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from drivers.face.frames import FINE, HEIGHT, WIDTH, Frame
from kiosk.clock import Clock, SystemClock
from kiosk.errors import DeviceUnavailable


class PiCamera:
    identity = "picamera2"

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._camera: Any = None

    def open(self, is_fine: bool = False) -> None:
        try:
            from picamera2 import Picamera2  # noqa: PLC0415  # late: only a Pi has it

            self._camera = Picamera2()
            # "BGR888" is red-green-blue in memory (its manual, 4.2.2.2)
            main = {"size": FINE if is_fine else (WIDTH, HEIGHT), "format": "BGR888"}
            self._camera.configure(self._camera.create_video_configuration(main=main, buffer_count=2))
            self._camera.start()
        except (ImportError, OSError, RuntimeError, IndexError):
            self.close()
            raise DeviceUnavailable("camera: picamera2 cannot open it") from None

    def read(self) -> Frame | None:
        if self._camera is None:
            raise DeviceUnavailable("camera: not open")
        try:
            pixels = np.array(self._camera.capture_array("main"), dtype=np.uint8)
        except (OSError, RuntimeError):
            raise DeviceUnavailable("camera: gone") from None
        return Frame(pixels, self._clock.monotonic_s())

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(OSError, RuntimeError):
                camera.stop()
                camera.close()
