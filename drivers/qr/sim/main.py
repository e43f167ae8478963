"""`kiosk-sim qr-gateway`: a code gateway over HTTP, and people with phones at its control socket."""

from __future__ import annotations

import argparse
import json
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from drivers.qr.reader import read
from drivers.qr.sim.gateway import SimGateway
from drivers.transport.pty import port_of, reset, take_away
from drivers.transport.sim.process import SOCKET, Serving, listener_of, parser_of, serve
from drivers.transport.sim.wire import flipped

FAULTS = ("drop", "delay", "duplicate", "flip", "cut", "error", "garble", "lose", "reset", "die")
"""drop: done, and the connection ended without an answer. delay: late. duplicate: the whole answer twice. flip: one bit
in the middle of the body. cut: half of the body, then hung up. error: done, and 500 said. garble: no JSON. lose: ended
before anything was done. reset: done, then the connection is reset. die: done, then the whole simulator is gone."""
_BODY_MAX = 65536


@dataclass
class Fault:
    """`kind` befalls the next `count` requests of that method (any, when empty) but for health."""

    kind: str
    count: int = 1
    method: str = ""
    delay_s: float = 0.0


class Server(Serving, ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, gateway: SimGateway) -> None:
        """`listener`: a port's, or a Unix socket's; ours from here on."""
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.gateway = gateway
        self.faults: list[Fault] = []
        self.heard: dict[str, int] = {}
        self.leaving = threading.Event()

    def close(self) -> None:
        self.leaving.set()
        take_away(self.socket)
        super().close()

    def fault(self, method: str) -> Fault | None:
        """The fault that befalls this request, used up."""
        with self.gateway.lock:
            for fault in self.faults:
                if fault.method in ("", method):
                    fault.count -= 1
                    if fault.count <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # named by http.server
        self._serve("GET")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: Any) -> None:  # named by http.server
        """Nothing: a request may carry a code."""

    def _serve(self, method: str) -> None:
        data = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_MAX))
        try:
            body = json.loads(data) if data else {}
        except ValueError:
            body = None
        fault = self.server.fault(method) if self.path != "/v1/health" else None
        kind = fault.kind if fault is not None else ""
        if kind == "lose":
            return
        if not isinstance(body, dict):
            self._answer(400, b"{}")
            return
        self.server.heard[method] = self.server.heard.get(method, 0) + (self.path != "/v1/health")
        authorization = self.headers.get("Authorization", "")
        status, answer = self.server.gateway.handle(method, self.path, authorization, body)
        if kind == "die":
            os._exit(0)  # as power goes
        if kind == "reset":
            reset(self.connection)
        if kind in ("drop", "reset"):
            return
        if fault is not None and kind == "delay":
            self.server.leaving.wait(fault.delay_s)
        if kind == "error":
            status, answer = 500, {}
        data = b"\xff" if kind == "garble" else json.dumps(answer).encode()
        if kind == "flip":
            data = flipped(data, len(data) * 4)
        self._answer(status, data, len(data) // 2 if kind == "cut" else len(data))
        if kind == "duplicate":
            self._answer(status, data)

    def _answer(self, status: int, data: bytes, sent: int | None = None) -> None:
        """`sent`: so many bytes of the body, though all are promised."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:sent])


class Bench:
    """The verbs of the control socket."""

    def __init__(self, gateway: SimGateway, server: Server) -> None:
        self._gateway, self._server = gateway, server

    def verbs(self) -> dict[str, Any]:
        return {
            "show-code": lambda brand="paypay": {"code": self._gateway.show_code(brand)},
            "scan": lambda payload, brand="paypay": {"phone": self._gateway.scan(payload, brand)},
            "scan-picture": self.scan_picture,
            "confirm": lambda: {"answered": self._gateway.confirm(True)},
            "refuse": lambda: {"answered": self._gateway.confirm(False)},
            "ask-owner": lambda on="on": setattr(self._gateway, "asks_owner", on == "on"),
            "decline": lambda count="1": setattr(self._gateway, "declines", int(count)),
            "ready": lambda on="on": setattr(self._gateway, "is_ready", on == "on"),
            "fault": self.fault,
            "state": self.state,
        }

    def scan_picture(self, path: str, brand: str = "paypay") -> dict[str, Any]:
        """The phone's own camera: the code is read out of a picture of the kiosk's screen."""
        with Image.open(path) as opened:
            grey = opened.convert("L")
        payload = read(grey.tobytes(), *grey.size)
        return {"phone": self._gateway.scan(payload, brand) if payload else "no code in sight"}

    def fault(self, kind: str, count: str = "1", method: str = "", milliseconds: str = "0") -> None:
        """Hurt the next requests: see FAULTS."""
        if kind not in FAULTS:
            raise ValueError(f"faults: {', '.join(FAULTS)}")
        with self._gateway.lock:
            self._server.faults.append(Fault(kind, int(count), method, int(milliseconds) / 1000))

    def state(self) -> dict[str, Any]:
        with self._gateway.lock:
            return {
                "phones": self._gateway.phones,
                "taken": self._gateway.taken,
                "payments": self._gateway.payments,
                "reversals": self._gateway.reversals,
                "heard": self._server.heard,
            }


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    gateway = SimGateway(Path(args.state), args.store, args.key)
    listener = listener_of(args)
    server = Server(listener, gateway)
    return serve(server, args.control, Bench(gateway, server).verbs(), port_of(listener))


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("kiosk-sim qr-gateway", __doc__, "phones and payments", SOCKET)
    parser.add_argument("--store", default="STORE-0001", help="this shop's name (STORE-0001)")
    parser.add_argument("--key", default="demo-key", help="what the kiosk must show (demo-key)")
    return parser
