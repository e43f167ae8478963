"""照合番号B, from this process to the card process: one packet (kiosk/ipc/secret_slot.py), past core and screen."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

from kiosk.ids import SlotId
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.ipc.secret_slot import ACCEPTED, LENGTH_OFFSET, PACKET_BYTES, SECRET_OFFSET, SLOT_BYTES

_ANSWER_WITHIN_S: Final = 2.0


def send(path: Path, card_uid: int, slot: SlotId, number: bytearray) -> bool:
    """Whether the card process took it; once, whatever comes. `number` is wiped. Nobody but that user is told it."""
    packet = bytearray(PACKET_BYTES)
    try:
        packet[:SLOT_BYTES] = bytes.fromhex(slot)
        packet[LENGTH_OFFSET] = len(number)
        packet[SECRET_OFFSET : SECRET_OFFSET + len(number)] = number
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC) as road:
            road.settimeout(_ANSWER_WITHIN_S)
            road.connect(os.fspath(path))
            if uid_of(road) != card_uid or card_uid == NOBODY:
                return False
            road.send(packet)
            return road.recv(1) == ACCEPTED
    except OSError:
        return False
    finally:
        packet[:] = bytes(len(packet))
        number[:] = bytes(len(number))
