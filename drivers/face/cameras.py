"""Which camera: by its name on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drivers.face.frames import FileFrames, FrameSource, SocketFrames
from drivers.face.picamera import PiCamera
from drivers.face.v4l2 import V4l2Camera


def camera(name: str, files: Sequence[Path] | None, simulated: Path | None = None) -> FrameSource:
    """Not opened. Files and a simulated camera only where an option of their own allows them: demo and tests."""
    if simulated is not None:
        return SocketFrames(simulated)
    if files:
        return FileFrames(files)
    if name == "picamera2":
        return PiCamera()
    return V4l2Camera(Path(name))
