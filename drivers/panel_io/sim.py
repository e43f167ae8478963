"""`kiosk-sim lamp`: a PNS signal tower at a TCP port; what it shows, and what befalls it, at its control socket."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Sequence
from typing import Any

from drivers.panel_io import codec
from drivers.transport.sim.process import Serving, parser_of, serve

FAULTS = ("nak", "silent", "garble", "cut")


class SimTower(Serving, socketserver.ThreadingTCPServer):
    """What a tower does: six bytes, and answers. `heard`: every state that was set, in order."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0, product: str = "AB") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.product = product.encode()
        self.state = codec.Tower((codec.OUT,) * len(codec.LIGHTS), codec.SILENT)
        self.heard: list[codec.Tower] = []
        self.fault = ""
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def answer(self, product: bytes, command: bytes, data: bytes) -> bytes:
        with self.lock:
            if product != self.product or self.fault == "nak":
                return bytes([codec.NAK])
            if command == codec.READ:
                return bytes((*self.state.lights, self.state.buzzer))
            if command == codec.SET and len(data) == len(codec.LIGHTS) + 1:
                old = (*self.state.lights, self.state.buzzer)
                new = tuple(
                    was if byte == codec.AS_IT_IS else byte for byte, was in zip(data, old, strict=True)
                )
                self.state = codec.Tower(new[:-1], new[-1])
                self.heard.append(self.state)
                return bytes([codec.ACK])
            if command == codec.CLEAR:
                self.state = codec.Tower((codec.OUT,) * len(codec.LIGHTS), codec.SILENT)
                return bytes([codec.ACK])
            return bytes([codec.NAK])

    def shown(self) -> dict[str, Any]:
        with self.lock:
            lights = dict(zip(codec.LIGHTS, self.state.lights, strict=True))
            heard = [dict(zip(codec.LIGHTS, each.lights, strict=True)) for each in self.heard]
            return {"lights": lights, "buzzer": self.state.buzzer, "heard": heard}

    def set_fault(self, kind: str = "") -> None:
        if kind and kind not in FAULTS:
            raise ValueError(f"a fault is one of {', '.join(FAULTS)}")
        with self.lock:
            self.fault = kind


class _Handler(socketserver.BaseRequestHandler):
    server: SimTower

    def handle(self) -> None:
        self.request.settimeout(10.0)
        data = b""
        try:
            while (asked := codec.read_request(data)) is None:
                part = self.request.recv(64)
                if not part:
                    return
                data += part
            fault = self.server.fault
            if fault == "cut":
                return
            if fault == "silent":
                self.request.recv(1)
                return
            answer = self.server.answer(*asked)
            self.request.sendall(b"?" * 9 if fault == "garble" else answer)
        except OSError:
            return


def main(argv: Sequence[str]) -> int:
    """Serve until a signal ends the process."""
    given = parser_of("kiosk-sim lamp", __doc__, "nothing: a lamp has no memory", link="").parse_args(argv)
    tower = SimTower(given.tcp)
    return serve(tower, given.control, {"state": tower.shown, "fault": tower.set_fault}, tower.port)
