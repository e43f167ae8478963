"""`kiosk-sim webhook`: who gets the messages. `state` lists them; `fault 500|cut|hang` is what befalls the next."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from drivers.transport.control import Verb
from drivers.transport.sim.process import Serving, parser_of, serve

_BODY_MAX = 65536
FAULTS = ("500", "404", "cut", "hang")


class SimReceiver(Serving, ThreadingHTTPServer):
    """Keeps what came, in order. `fault` holds until it is taken away."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.got: list[dict[str, Any]] = []
        self.signatures: list[str] = []
        self.asked = 0
        self.fault = ""
        self.leaving = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def state(self) -> dict[str, Any]:
        return {"got": list(self.got), "asked": self.asked}

    def set_fault(self, kind: str = "") -> None:
        if kind and kind not in FAULTS:
            raise ValueError(f"a fault is one of {', '.join(FAULTS)}")
        self.fault = kind


class _Handler(BaseHTTPRequestHandler):
    server: SimReceiver

    def do_POST(self) -> None:  # named by http.server
        data = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_MAX))
        self.server.asked += 1
        fault = self.server.fault
        if fault == "hang":
            self.server.leaving.wait(30.0)
        if fault in ("cut", "hang"):
            self.close_connection = True
            return
        if not fault:
            self.server.got.append(json.loads(data))
            self.server.signatures.append(self.headers.get("X-Madoguchi-Signature", ""))
        self.send_response(int(fault or 204))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # named by http.server
        """Nothing."""


def main(argv: Sequence[str]) -> int:
    """Serve until a signal ends the process."""
    given = parser_of("kiosk-sim webhook", __doc__, "nothing: it has no memory", link="").parse_args(argv)
    receiver = SimReceiver(given.tcp)
    verbs: dict[str, Verb] = {"state": receiver.state, "fault": receiver.set_fault}
    return serve(receiver, given.control, verbs, receiver.port)
