"""The core's end of the view socket: one thread, many screens, and nobody can make it wait.

The role is decided by the peer's uid (SO_PEERCRED), never by its words. Only the newest view is kept for a
slow screen.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import stat
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from kiosk.clock import Clock, SystemClock
from kiosk.errors import ContractError, DeviceUnavailable, PeerProtocolError
from kiosk.intents import AnyIntent
from kiosk.ipc import wire
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.view import Role, SessionView

_RECEIVE_BYTES = 16 * 1024
_SEND_BUFFER_BYTES = 64 * 1024
"""Small: a screen that wakes up late should find few old views before the new one."""
_REFUSALS_KEPT = 8


class _Client:
    """One screen: what it sends, and what waits for it."""

    def __init__(self, peer: socket.socket, role: Role, now_s: float) -> None:
        self.peer = peer
        self.role = role
        self.decoder = wire.server_side()
        self.sending = b""
        self.view: bytes | None = None
        self.told: bytes | None = None
        self.refusals: deque[bytes] = deque(maxlen=_REFUSALS_KEPT)
        self.moved_s = now_s
        self.window_s = now_s
        self.intents_in_window = 0

    @property
    def has_more(self) -> bool:
        return bool(self.sending or self.refusals or self.view)

    def show(self, view: bytes | None) -> None:
        """Let this be the newest view; the same one is not sent twice."""
        if view is not self.told:
            self.view = self.told = view

    def next_bytes(self) -> bytes:
        """What to send now: the rest of a line, a refusal, the newest view."""
        if not self.sending:
            if self.refusals:
                self.sending = self.refusals.popleft()
            elif self.view is not None:
                self.sending, self.view = self.view, None
        return self.sending


class ViewServer:
    """Publishes views to screens by role; hands their intents to `on_intent` (in this server's thread)."""

    def __init__(
        self,
        path: Path | str,
        roles: Mapping[int, Role],
        on_intent: Callable[[Role, AnyIntent], None],
        *,
        clock: Clock | None = None,
        stall_s: float = 5.0,
        intents_per_s: int = 50,
        screens_per_role: int = 4,
    ) -> None:
        """`roles`: uid -> Role. `stall_s`: a screen that takes nothing for so long is closed."""
        if NOBODY in roles:
            raise ContractError("uid 65534 can have no role")
        self._path = Path(path)
        self._roles = dict(roles)
        self._on_intent = on_intent
        self._clock = clock or SystemClock()
        self._stall_s = stall_s
        self._intents_per_s = intents_per_s
        self._screens_per_role = screens_per_role
        self._lock = threading.Lock()
        self._views: dict[Role, bytes] = {}
        self._fresh: set[Role] = set()
        self._refusals: list[tuple[Role, bytes]] = []
        self._is_stopping = False
        self._clients: dict[int, _Client] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self._wake_in, self._wake_out = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="view-server", daemon=True)

    # --- for the core's loop; each returns at once ----------------------------------------------------------

    def start(self) -> None:
        """Listen. DeviceUnavailable when the socket cannot be made (another core holds it, no directory)."""
        try:
            remove_stale(self._path)
            os.fchmod(self._listener.fileno(), 0o600)  # until the mode below is set, nobody else gets in
            self._listener.bind(str(self._path))
            self._path.chmod(0o660)  # the directory's group decides who may knock
            self._listener.listen()
        except OSError as error:
            self._release()
            raise DeviceUnavailable(f"core: view socket, errno {error.errno}") from None
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._thread.start()

    def publish(self, views: Mapping[Role, SessionView]) -> None:
        """Each role's newest view, whole. ContractError when one is too long or for another role."""
        lines: dict[Role, bytes] = {}
        for role, view in views.items():
            if view.role is not role:
                raise ContractError("a view is for another role")
            lines[role] = wire.line(wire.ViewPublished(view))
        with self._lock:
            self._views.update(lines)
            self._fresh.update(lines)
        self._wake()

    def refuse(self, role: Role, step: int, reason: str) -> None:
        """Tell the screens of this role that the intent made on `step` was not taken."""
        with self._lock:
            self._refusals.append((role, wire.line(wire.IntentRefused(step, reason))))
        self._wake()

    def stop(self) -> None:
        """Close everything and remove the socket."""
        with self._lock:
            self._is_stopping = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        for client in list(self._clients.values()):
            self._close(client)
        self._release()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    @property
    def is_running(self) -> bool:
        """False after stop(), or when our own `on_intent` raised (the daemon must not go on blind)."""
        return self._thread.is_alive()

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            knocks = False
            for key, ready in self._selector.select(self._patience_s()):
                if key.fileobj is self._listener:
                    knocks = True
                elif key.fileobj is self._wake_in:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_in.recv(4096)
                else:
                    self._serve(self._clients[key.fd], ready)
            if knocks:  # last: who left in the same moment has made room
                self._accept()
            with self._lock:
                if self._is_stopping:
                    return
            self._distribute()
            self._close_stalled()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # full: it is awake already; closed: stopped
            self._wake_out.send(b"\0")

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except OSError:  # gone again before we came
            return
        uid = uid_of(peer)
        role = self._roles.get(uid)
        if role is None or uid == NOBODY or self._count(role) >= self._screens_per_role:
            peer.close()
            return
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        client = _Client(peer, role, self._clock.monotonic_s())
        self._clients[peer.fileno()] = client
        self._selector.register(peer, selectors.EVENT_READ)
        with self._lock:
            client.show(self._views.get(role))
        self._send(client)

    def _count(self, role: Role) -> int:
        return sum(each.role is role for each in self._clients.values())

    def _serve(self, client: _Client, ready: int) -> None:
        if ready & selectors.EVENT_READ and not self._receive(client):
            self._close(client)
        elif ready & selectors.EVENT_WRITE:
            self._send(client)

    def _receive(self, client: _Client) -> bool:
        """Take what came; False when this client is to be closed."""
        try:
            data = client.peer.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        client.decoder.feed(data)
        try:
            while data and (intent := client.decoder.next_message()) is not wire.NEED_DATA:
                if not self._is_within_rate(client):
                    return False
                self._on_intent(client.role, intent)
        except PeerProtocolError:
            return False
        return bool(data)

    def _is_within_rate(self, client: _Client) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - client.window_s >= 1.0:
            client.window_s, client.intents_in_window = now_s, 0
        client.intents_in_window += 1
        return client.intents_in_window <= self._intents_per_s

    def _distribute(self) -> None:
        with self._lock:
            refusals, self._refusals = self._refusals, []
            fresh = {role: self._views[role] for role in self._fresh}
            self._fresh.clear()
        if not refusals and not fresh:
            return
        for client in list(self._clients.values()):
            client.refusals.extend(data for role, data in refusals if role is client.role)
            client.show(fresh.get(client.role, client.told))
            self._send(client)

    def _send(self, client: _Client) -> None:
        """Send what the peer takes; wait for it by the selector only when something is left."""
        now_s = self._clock.monotonic_s()
        try:
            while data := client.next_bytes():
                sent = client.peer.send(data)
                client.sending = data[sent:]
                client.moved_s = now_s
        except BlockingIOError:
            pass
        except OSError:
            self._close(client)
            return
        if not client.has_more:
            client.moved_s = now_s
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.has_more else 0)
        self._selector.modify(client.peer, events)

    def _patience_s(self) -> float | None:
        """Until the first waiting client has stalled; None when nobody waits."""
        waiting = [each.moved_s for each in self._clients.values() if each.has_more]
        return max(0.0, min(waiting) + self._stall_s - self._clock.monotonic_s()) if waiting else None

    def _close_stalled(self) -> None:
        now_s = self._clock.monotonic_s()
        for client in list(self._clients.values()):
            if client.has_more and now_s - client.moved_s >= self._stall_s:
                self._close(client)

    def _release(self) -> None:
        self._selector.close()
        for each in (self._listener, self._wake_in, self._wake_out):
            each.close()

    def _close(self, client: _Client) -> None:
        self._clients.pop(client.peer.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.peer)
        client.peer.close()


def remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on; OSError when somebody does, or when it is no socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(17, "not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(98, "in use")  # EADDRINUSE
