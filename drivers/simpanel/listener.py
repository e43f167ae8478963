"""The stand-in for kiosk-card.socket (Accept=yes): a fresh card process per connection, its descriptor 3."""

from __future__ import annotations

import itertools
import socket
import threading

from drivers.simpanel import parts, places, tenkey
from drivers.simpanel.process import Part, Running, python
from drivers.simpanel.supervisor import Supervisor, say

NAME = "card-process"
MAX_CONNECTIONS = 2
"""As the unit says: the session's process and the next one, started ahead."""


class CardListener:
    """Listens on card.sock and gives each connection a process of its own."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._socket: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._alive = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        made = parts.listener(places.KIOSK / "card" / "card.sock", "kiosk-card", "kiosk-core", 0o660)
        self._socket = made
        threading.Thread(target=self._serve, args=(made,), name="card listener", daemon=True).start()

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
                self._supervisor.spawn_beside(
                    Part(
                        NAME,
                        "card process",
                        python(
                            "drivers.card_service.main:main", "--allow-virtual", "--ten-key", str(tenkey.PATH)
                        ),
                        "kiosk-card",
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
            say(f"ENDED   {NAME} {running.how_it_ended()}. Its last words:")
            for line in running.last_words():
                say(f"          | {line}")
