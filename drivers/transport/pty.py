"""Lines for simulators: the far end of a cable. A pty under a stable name, or one client of a socket at a time.

All give the simulator the same three verbs: `read(timeout_s)`, `write(data)`, `close()`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import socket
import struct
import termios
import tty
from pathlib import Path
from typing import Protocol

_CHUNK = 4096


class Line(Protocol):
    """What a simulator needs of its cable."""

    def read(self, timeout_s: float) -> bytes:
        """What has come; b"" after `timeout_s` without a byte, also when nobody is connected."""

    def write(self, data: bytes) -> None:
        """Send; lost without a word when nobody is connected, as on a cable."""

    def close(self) -> None: ...


class PtyLine:
    """A pty pair in raw mode; `link` is a symlink to its slave. Our own slave descriptor stays open, so that
    hosts may come and go. `group` and `mode` are set on the slave, for a host that runs as another user."""

    def __init__(self, link: Path, *, group: str = "", mode: int = 0o660) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        name = os.ttyname(self._slave)
        if group:
            shutil.chown(name, group=group)
        os.chmod(name, mode)
        self._link = link
        fresh = link.with_name(f".{link.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(link)  # a host never sees a moment without the name

    def read(self, timeout_s: float) -> bytes:
        if not select.select([self._master], [], [], timeout_s)[0]:
            # TIOCEXCL goes with the last close, and we never close: let a host that died come again.
            fcntl.ioctl(self._slave, termios.TIOCNXCL)
            return b""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._master, _CHUNK)
        return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads, the buffer is full: off the cable's end
            os.write(self._master, data)

    def close(self) -> None:
        """Take the name away, if it still is ours, and pull the cable. May be called twice."""
        if self._slave < 0:
            return
        with contextlib.suppress(OSError):
            if self._link.readlink() == Path(os.ttyname(self._slave)):
                self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1


class SocketLine:
    """A listening socket that serves one client at a time; a second one is shown the door at once."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self._client: socket.socket | None = None

    def read(self, timeout_s: float) -> bytes:
        watched = [self._listener, self._client] if self._client else [self._listener]
        ready = select.select(watched, [], [], timeout_s)[0]
        data = self._receive() if self._client in ready else b""
        if self._listener in ready:  # after the old client's end was seen: a host that comes back is let in
            self._admit()
        return data

    def write(self, data: bytes) -> None:
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self.hang_up()

    def close(self) -> None:
        """May be called twice."""
        self.hang_up()
        take_away(self._listener)

    @property
    def port(self) -> int:
        """The bound port (when 0 was asked for); 0 for a Unix socket."""
        return port_of(self._listener)

    def _receive(self) -> bytes:
        data = b""
        if self._client is not None:
            with contextlib.suppress(OSError):
                data = self._client.recv(_CHUNK)
        if not data:
            self.hang_up()
        return data

    def _admit(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if self._client is not None:
                client.close()
                return
            if client.family != socket.AF_UNIX:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(5.0)
            self._client = client

    @property
    def client(self) -> socket.socket | None:
        """Who is connected now; another one is another object."""
        return self._client

    def hang_up(self, *, is_rude: bool = False) -> None:
        """End the connection of who is there now. `is_rude`: by a reset, as a machine does that lost its power."""
        if self._client is not None:
            if is_rude:
                reset(self._client)
            self._client.close()
            self._client = None


class TcpLine(SocketLine):
    """A port of this machine."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(socket.create_server((host, port)))


def listen_at(link: Path, *, group: str = "", mode: int = 0o660) -> socket.socket:
    """A listening Unix socket of that name: the stream of a port without the port. A stale name is replaced."""
    link.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.bind(os.fspath(link))
    if group:
        shutil.chown(link, group=group)
    link.chmod(mode)
    listener.listen()  # before it everybody is refused
    return listener


def port_of(listener: socket.socket) -> int:
    return 0 if listener.family == socket.AF_UNIX else int(listener.getsockname()[1])


def take_away(listener: socket.socket) -> None:
    """Close it, its name with it. May be called twice."""
    if listener.fileno() >= 0 and listener.family == socket.AF_UNIX:
        Path(listener.getsockname()).unlink(missing_ok=True)
    listener.close()


def reset(client: socket.socket) -> None:
    """Its close will be an RST, where the protocol below has one."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def open_line(link: str | None, tcp: int | None, *, group: str = "", mode: int = 0o660) -> Line:
    """The line of `--link PATH` or `--tcp PORT`; exactly one of them."""
    if (link is None) == (tcp is None):
        raise ValueError("give either --link or --tcp")
    return PtyLine(Path(link), group=group, mode=mode) if link is not None else TcpLine(tcp or 0)
