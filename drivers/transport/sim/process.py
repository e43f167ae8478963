"""A simulator as a process: the options that all have, and serving until told to go."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Mapping

from drivers.transport.control import ControlServer, Verb
from drivers.transport.pty import Line, open_line
from drivers.transport.sim.wire import Wire


def parser_of(prog: str, what: str | None, kept: str) -> argparse.ArgumentParser:
    """`--link | --tcp`, `--state`, `--control`, `--group`, `--mode`. `kept`: what lies in the state folder."""
    parser = argparse.ArgumentParser(prog=prog, description=what)
    line = parser.add_mutually_exclusive_group(required=True)
    line.add_argument("--link", metavar="PATH", help="name of the pty that the host opens (no parity)")
    line.add_argument(
        "--tcp", metavar="PORT", type=int, help="port on 127.0.0.1 instead (socket://127.0.0.1:PORT)"
    )
    parser.add_argument("--state", metavar="DIR", required=True, help=f"{kept}, across restarts")
    parser.add_argument("--control", metavar="SOCK", help="control socket")
    parser.add_argument("--group", default="", help="group of the pty")
    parser.add_argument("--mode", default="660", help="mode of the pty, octal (660)")
    return parser


def line_of(args: argparse.Namespace) -> Line:
    return open_line(args.link, args.tcp, group=args.group, mode=int(args.mode, 8))


def serve(wire: Wire, control: str | None, verbs: Mapping[str, Verb]) -> int:
    """Say `ready`, and serve until SIGTERM or SIGINT."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: wire.leave())
    server = ControlServer(control, verbs) if control else None
    if server:
        server.start()
    print("ready", flush=True)
    try:
        wire.run()
    finally:
        if server:
            server.close()
        wire.line.close()
    return 0


def whole(text: str) -> int:
    """A count from the control socket; ValueError below zero."""
    value = int(text)
    if value < 0:
        raise ValueError("a count is zero or more")
    return value
