"""A simulator as a process: the options that all have, and serving until told to go."""

from __future__ import annotations

import argparse
import signal
import socket
import socketserver
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from drivers.transport.control import ControlServer, Verb
from drivers.transport.pty import Line, listen_at, open_line


class Served(Protocol):
    """What a simulator's process runs."""

    def run(self) -> None:
        """Until `leave`."""

    def leave(self) -> None: ...

    def close(self) -> None:
        """Give the line back."""


class Serving(socketserver.BaseServer):
    """Served, for a server of the standard library."""

    def run(self) -> None:
        self.serve_forever(poll_interval=0.1)

    def leave(self) -> None:
        threading.Thread(
            target=self.shutdown, daemon=True
        ).start()  # it waits for `run`, which a signal interrupts

    def close(self) -> None:
        self.server_close()


PTY = "name of the pty that the host opens (no parity)"
SOCKET = "name of a Unix socket that carries what the port would"


def parser_of(prog: str, what: str | None, kept: str, link: str = PTY) -> argparse.ArgumentParser:
    """`--link | --tcp`, `--state`, `--control`, `--group`, `--mode`. `kept`: what lies in the state folder. `link`:
    what that is; empty: there is a port only."""
    parser = argparse.ArgumentParser(prog=prog, description=what)
    line = parser.add_mutually_exclusive_group(required=True)
    if link:
        line.add_argument("--link", metavar="PATH", help=link)
    line.add_argument(
        "--tcp", metavar="PORT", type=int, help="port on 127.0.0.1 instead (0: any, said at the start)"
    )
    parser.add_argument("--state", metavar="DIR", required=True, help=f"{kept}, across restarts")
    parser.add_argument("--control", metavar="SOCK", help="control socket")
    parser.add_argument("--group", default="", help="group of the link")
    parser.add_argument("--mode", default="660", help="mode of the link, octal (660)")
    return parser


def line_of(args: argparse.Namespace) -> Line:
    """A pty or a port: for what is a serial line in the field."""
    return open_line(args.link, args.tcp, group=args.group, mode=int(args.mode, 8))


def listener_of(args: argparse.Namespace) -> socket.socket:
    """A Unix socket or a port: for what is a connection in the field, with a beginning and an end."""
    if args.link is None:
        return socket.create_server(("127.0.0.1", args.tcp))
    return listen_at(Path(args.link), group=args.group, mode=int(args.mode, 8))


def serve(served: Served, control: str | None, verbs: Mapping[str, Verb], port: int = 0) -> int:
    """Say `ready` (and the port, where somebody has to be told), and serve until SIGTERM or SIGINT."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: served.leave())
    server = ControlServer(control, verbs) if control else None
    if server:
        server.start()
    print(f"ready {port}" if port else "ready", flush=True)
    try:
        served.run()
    finally:
        if server:
            server.close()
        served.close()
    return 0


def whole(text: str) -> int:
    """A count from the control socket; ValueError below zero."""
    value = int(text)
    if value < 0:
        raise ValueError("a count is zero or more")
    return value
