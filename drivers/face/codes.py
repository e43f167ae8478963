"""Codes in a camera's picture: a payment's text, and the chart of the camera's test."""

from __future__ import annotations

from drivers.face.camera_test import CHART, Chart
from drivers.face.frames import Frame
from drivers.face.recogniser import Grey
from drivers.face.watcher import grey_of
from kiosk.errors import DeviceUnavailable


def code_in(frame: Frame) -> str | None:
    """DeviceUnavailable: this machine cannot read codes."""
    from drivers.qr import reader  # noqa: PLC0415  # libzbar only where codes are read

    height, width = frame.pixels.shape[:2]
    return reader.read(grey_of(frame.pixels).tobytes(), width, height)


def chart_in(grey: Grey) -> Chart | None:
    """A machine that cannot read codes is tested with a person."""
    from drivers.qr import reader  # noqa: PLC0415  # libzbar only where codes are read

    height, width = grey.shape
    try:
        found = reader.find(grey.tobytes(), width, height, CHART)
    except DeviceUnavailable:
        return None
    return Chart(*found) if found is not None else None
