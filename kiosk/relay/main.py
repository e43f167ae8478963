"""`kiosk-relay`: the floor assistant's panel on a second computer or a tablet's companion.

On the kiosk, as the user kiosk-assist (whose uid is the role):
  kiosk-relay serve --listen 192.168.1.10:8445 --keys /etc/madoguchi/panel
At the panel:
  kiosk-relay connect --to 192.168.1.10:8445 --keys panel --name tablet-1 --socket /run/kiosk/core/view.sock
  kiosk-assist
Once, by a technician:
  kiosk-relay keys --out panel --host 192.168.1.10 --panel tablet-1

Both ends prove who they are (TLS 1.3). The client's certificate maps to the role by the file `panels`; the relay passes
nothing upwards but whole, well-formed intents, written anew, and the core holds the role to what it may.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from kiosk.clock import SystemClock
from kiosk.errors import ConfigError, MadoguchiError
from kiosk.ipc.server import remove_stale
from kiosk.messages import Message, open_log, say
from kiosk.relay import keys
from kiosk.relay.pump import IntentSieve, Pump, as_it_is
from kiosk.view import Role

SEATS: Final = 4
HANDSHAKE_S: Final = 5.0
_USER_TIMEOUT_MS: Final = 15_000
"""A cable that was pulled says nothing: the kernel gives up after this."""


class Relay:
    """Accepts panels on `listener` until `stop`. `serve_one` does the work of one, in a thread of its own."""

    def __init__(self, listener: socket.socket, serve_one: Callable[[socket.socket], str]) -> None:
        self.listener = listener
        self._serve_one = serve_one
        self._seats = threading.BoundedSemaphore(SEATS)
        self.is_stopping = threading.Event()
        self.ended: list[str] = []
        """Why the last ones ended, for the log and for tests."""

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            if not self._seats.acquire(blocking=False):
                peer.close()
                continue
            threading.Thread(target=self._one, args=(peer,), name="relay-panel", daemon=True).start()

    def stop(self) -> None:
        self.is_stopping.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def _one(self, peer: socket.socket) -> None:
        why = "closed"
        try:
            why = self._serve_one(peer)
        except (OSError, MadoguchiError) as error:
            why = type(error).__name__
        finally:
            peer.close()
            self._seats.release()
            say(Message.PANEL_LEFT, why=why)
            self.ended = [*self.ended[-9:], why]


# --- the kiosk's end --------------------------------------------------------------------------------------------------


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def serve(listen: tuple[str, int], folder: Path, view: str) -> Relay:
    """A relay in front of the core's view socket. It has the role of the user that it runs as."""
    context, panels = server_context(folder), keys.read_panels(folder / "panels")
    listener = socket.create_server(listen)

    def one(peer: socket.socket) -> str:
        _look_alive(peer)
        with context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False) as tls:
            tls.settimeout(HANDSHAKE_S)
            tls.do_handshake()
            if not _is_known(tls, panels):
                return "unknown"
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as core:
                core.settimeout(HANDSHAKE_S)
                core.connect(view)
                return Pump(tls, core, IntentSieve(), is_stopping=relay.is_stopping.is_set).run()

    relay = Relay(listener, one)
    return relay


def _is_known(tls: ssl.SSLSocket, panels: Mapping[str, Role]) -> bool:
    """Only an assistant's: no other role has a panel at a distance."""
    der = tls.getpeercert(binary_form=True)
    return der is not None and panels.get(hashlib.sha256(der).hexdigest()) is Role.ASSISTANT


# --- the panel's end --------------------------------------------------------------------------------------------------


def connect(to: tuple[str, int], folder: Path, name: str, local: Path, server_name: str = "") -> Relay:
    """A view socket at the panel, behind which is the kiosk's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.load_verify_locations(folder / "ca.pem")
    remove_stale(local)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    os.fchmod(listener.fileno(), 0o600)
    listener.bind(str(local))
    local.chmod(0o660)
    listener.listen()

    def one(screen: socket.socket) -> str:
        with socket.create_connection(to, HANDSHAKE_S) as far:
            _look_alive(far)
            with context.wrap_socket(far, server_hostname=server_name or to[0]) as tls:
                return Pump(screen, tls, as_it_is, is_stopping=relay.is_stopping.is_set).run()

    relay = Relay(listener, one)
    return relay


def _look_alive(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 3)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


# --- the command ------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """0 ended when asked; 1 refused: keys or sockets cannot be had."""
    given = _parser().parse_args(argv)
    open_log("kiosk-relay")
    try:
        if given.verb == "keys":
            keys.make(given.out, given.host, given.panel, SystemClock().wall())
            return 0
        if given.verb == "serve":
            relay = serve(given.listen, given.keys, given.view)
        else:
            relay = connect(given.to, given.keys, given.name, given.socket, given.server_name)
    except (ConfigError, OSError) as error:
        say(
            Message.CANNOT_START, why=str(error) if isinstance(error, ConfigError) else f"errno {error.errno}"
        )
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop())
    say(Message.RELAY_READY)
    relay.run()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError("HOST:PORT")
    return host.strip("[]"), int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-relay", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    serving = verbs.add_parser("serve", help="on the kiosk")
    serving.add_argument("--listen", type=_address, required=True, metavar="HOST:PORT")
    serving.add_argument("--keys", type=Path, required=True, metavar="DIR")
    serving.add_argument("--view", default="/run/kiosk/core/view.sock")
    connecting = verbs.add_parser("connect", help="at the panel")
    connecting.add_argument("--to", type=_address, required=True, metavar="HOST:PORT")
    connecting.add_argument("--keys", type=Path, required=True, metavar="DIR")
    connecting.add_argument("--name", required=True, help="of this panel's key")
    connecting.add_argument("--socket", type=Path, required=True)
    connecting.add_argument("--server-name", default="", help="in the server's certificate, if not the host")
    making = verbs.add_parser("keys", help="a new set of keys, once")
    making.add_argument("--out", type=Path, required=True, metavar="DIR")
    making.add_argument("--host", action="append", required=True, help="name or address of the kiosk")
    making.add_argument("--panel", action="append", required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
