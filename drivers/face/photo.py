"""The card's photo as pixels: measured by codec.py first, decoded within a time that the kernel enforces."""

from __future__ import annotations

import contextlib
import io
import signal
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from drivers.face.codec import photo_size
from drivers.face.frames import Pixels
from kiosk.errors import PeerProtocolError

DECODE_WITHIN_S: Final = 2.0


def decode(data: bytes) -> Pixels:
    """RGB. PeerProtocolError when it is not what it said it is."""
    size = photo_size(data)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG2000",)) as picture:
            if picture.size != (size.width, size.height):
                raise PeerProtocolError("photo: two sizes")
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError):
        raise PeerProtocolError("photo: cannot be decoded") from None


@contextlib.contextmanager
def within(seconds: float = DECODE_WITHIN_S) -> Iterator[None]:
    """The process dies if it takes longer: nothing else stops a decoder that runs in circles. Main thread only."""
    before = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
