"""A keypad without a screen: one packet a line to a secret socket, its answer as a line.

In: the socket, then the packet as hex. Out: `accepted`, `refused` or `gone`.
"""

from __future__ import annotations

import socket
import sys

from kiosk.ipc.secret_slot import ACCEPTED, REFUSED, SECRET_MAX


def packet(slot: str, digits: bytes) -> bytes:
    """What a keypad sends."""
    return bytes.fromhex(slot) + bytes([len(digits)]) + digits.ljust(SECRET_MAX, b"\0")


def send(path: str, data: bytes) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        try:
            peer.connect(path)
            peer.send(data)
            answer = peer.recv(2)
        except OSError as why:
            return f"gone {type(why).__name__}"
    return {ACCEPTED: "accepted", REFUSED: "refused"}.get(answer, "gone")


def main() -> None:
    for line in sys.stdin:
        path, _, data = line.strip().partition(" ")
        print(send(path, bytes.fromhex(data)), flush=True)


if __name__ == "__main__":
    main()
