"""The believed photo, from this process to the vision process: one packet (kiosk/ipc/photo_slot.py), past the core."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from kiosk.ids import SlotId
from kiosk.ipc.peer import uid_of
from kiosk.ipc.photo_slot import ACCEPTED, PHOTO_MAX

_ANSWER_WITHIN_S: Final = 2.0


def hand_over(path: Path, vision_uid: int, slot: SlotId, photo: bytearray) -> bool:
    """Whether the vision process took it. Nobody but that user is given a photo."""
    if not 0 < len(photo) <= PHOTO_MAX:
        return False
    packet = bytearray(bytes.fromhex(slot)) + photo
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as road:
            road.settimeout(_ANSWER_WITHIN_S)
            road.connect(os.fspath(path))
            if uid_of(road) != vision_uid:
                return False
            road.send(packet)
            return road.recv(1) == ACCEPTED
    except OSError:
        return False
    finally:
        packet[:] = bytes(len(packet))
