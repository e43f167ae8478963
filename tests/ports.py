"""A TCP port for a server that a test starts as a process of its own."""

from __future__ import annotations

import secrets
import socket

OURS = range(10_000, 30_000)
"""Outside of what the kernel gives to those who connect: nobody else gets it before that server has it."""


def free_port() -> int:
    """Nobody listens there now."""
    while True:
        port = secrets.choice(OURS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
