"""Which camera: by its name on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivers.face.frames import FileFrames, FrameSource
from drivers.face.picamera import PiCamera
from drivers.face.v4l2 import V4l2Camera


def camera(name: str, files: Sequence[Path] | None) -> FrameSource:
    """Not opened. Files only where they are allowed by an option of their own: the demo and the tests."""
    if files:
        return FileFrames(files)
    if name == "picamera2":
        return PiCamera()
    return V4l2Camera(Path(name))
