"""The stand-in for kiosk-card.socket and kiosk-vision.socket (Accept=yes): a fresh process per connection, its
descriptor 3."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

from drivers.simpanel import ears, parts, places, tenkey
from drivers.simpanel.process import Part, Running, python
from drivers.simpanel.supervisor import Supervisor, say

NAME = "card-process"
VISION = "vision-process"
READER = "reading-process"
MAX_CONNECTIONS = 4
"""As kiosk-card.socket says: the session's process and the next one, started ahead; twice, for a staff reader."""


class ProcessListener:
    """Listens on a socket of the core's and gives each connection a process of its own."""

    def __init__(
        self,
        supervisor: Supervisor,
        path: Path,
        name: str,
        user: str,
        argv: tuple[str, ...],
        kind: socket.SocketKind = socket.SOCK_STREAM,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """`before` is called before each process starts."""
        self._kind, self._before = kind, before
        self._supervisor = supervisor
        self._path = path
        self._name, self._user, self._argv = name, user, argv
        self._socket: socket.socket | None = None
        self._alive = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        made = parts.listener(self._path, self._user, "kiosk-core", 0o660, self._kind)
        self._socket = made
        threading.Thread(target=self._serve, args=(made,), name=f"{self._name} listener", daemon=True).start()

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            made.shutdown(socket.SHUT_RDWR)
            made.close()

    def _serve(self, made: socket.socket) -> None:
        while True:
            try:
                connection, _ = made.accept()
            except OSError:
                return  # closed
            with connection:
                with self._lock:
                    if self._alive >= MAX_CONNECTIONS:
                        continue  # systemd closes it too
                    self._alive += 1
                self._before()
                self._supervisor.spawn_beside(
                    Part(
                        self._name,
                        self._name.replace("-", " "),
                        self._argv,
                        self._user,
                        lambda *_: True,
                        umask=0o007,
                        listener=connection,
                    ),
                    self._note_end,
                )

    def _note_end(self, running: Running) -> None:
        with self._lock:
            self._alive -= 1
        code = running.process.returncode
        if code not in (0, -9, -15) and not self._supervisor.is_stopping:
            say(f"ENDED   {self._name} {running.how_it_ended()}. Its last words:")
            for line in running.last_words():
                say(f"          | {line}")


def card_listener(supervisor: Supervisor) -> ProcessListener:
    argv = python(
        "drivers.card_service.main:main",
        *("--allow-virtual", "--ten-key", str(tenkey.PATH), "--cv-roots", str(parts.CV_ROOTS)),
    )
    return ProcessListener(supervisor, places.KIOSK / "card" / "card.sock", NAME, "kiosk-card", argv)


def vision_listener(supervisor: Supervisor) -> ProcessListener:
    argv = python("drivers.face.main:main", "--allow-simulated", str(parts.FRAMES))
    return ProcessListener(supervisor, places.KIOSK / "vision" / "vision.sock", VISION, "kiosk-vision", argv)


def reading_listener(supervisor: Supervisor, hands: ears.Ears) -> ProcessListener:
    argv = python(
        "drivers.voice.sim:read",
        *(
            "--headphones-jack",
            str(ears.READERS_JACK),
            "--handset",
            f"{ears.READERS_HOOK}:key:{ears.HOOK_CODE}",
        ),
        *("--record", str(parts.state("read") / "heard"), "--pace", parts.HEARD_PACE),
    )
    path = places.KIOSK / "read" / "read.sock"
    return ProcessListener(
        supervisor, path, READER, "kiosk-read", argv, socket.SOCK_SEQPACKET, hands.tell_reader
    )
