"""A keypad without a screen: one packet to the secret socket, its answer as text.

argv: the socket, the slot id, optionally `raw`. In: the digits (or, raw, the packet as hex). Out: `accepted`, `refused`
or `gone`.
"""

from __future__ import annotations

import socket
import sys

from kiosk.ipc.secret_slot import ACCEPTED, REFUSED, SECRET_MAX


def main() -> None:
    path, slot = sys.argv[1:3]
    said = sys.stdin.buffer.readline().strip()
    packet = bytes.fromhex(slot) + bytes([len(said)]) + said.ljust(SECRET_MAX, b"\0")
    if sys.argv[3:] == ["raw"]:
        packet = bytes.fromhex(said.decode())
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
        try:
            peer.connect(path)
            peer.send(packet)
            answer = peer.recv(2)
        except OSError as why:
            sys.stdout.write(f"gone {type(why).__name__}")
            return
    sys.stdout.write({ACCEPTED: "accepted", REFUSED: "refused"}.get(answer, "gone"))


if __name__ == "__main__":
    main()
