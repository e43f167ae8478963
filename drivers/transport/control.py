"""The control socket of a simulator: one JSON line asks, one JSON line answers.

    {"do": "insert-coin", "args": ["100"]}  ->  {"ok": true, …}  |  {"ok": false, "error": "…"}

For `kiosk-sim do …`, the simulation panel and tests. Never part of an appliance.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kiosk.errors import DeviceTimeout, DeviceUnavailable, MadoguchiError, PeerProtocolError

log = logging.getLogger(__name__)

Verb = Callable[..., Mapping[str, Any] | None]
"""Takes the text arguments of the request, returns what the answer carries beside `ok`."""

LINE_MAX = 65536
"""Bytes of one request or answer, line feed included."""

_BACKLOG = 8


class ControlServer:
    """Serves verbs on a Unix socket until `close`. Each client has a thread; verbs run one at a time."""

    def __init__(self, path: str | Path, verbs: Mapping[str, Verb], mode: int = 0o660) -> None:
        self.path = Path(path)
        self._verbs = dict(verbs)
        self._mode = mode
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Bind and serve in the background. A stale socket file of the same name is replaced."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        listener.bind(os.fspath(self.path))
        self.path.chmod(self._mode)
        listener.listen(_BACKLOG)
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), name="control", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the socket file. Calling it twice is fine."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> ControlServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve_client, args=(client,), daemon=True).start()

    def _serve_client(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            try:
                while line := lines.readline(LINE_MAX):
                    client.sendall(_encode(self.answer(line)))
            except OSError:
                log.debug("control client went away")

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one request line; whatever goes wrong is said in it."""
        try:
            request = json.loads(line)
            verb = self._verbs[request["do"]]
            args = [str(each) for each in request.get("args", ())]
        except (ValueError, TypeError, KeyError, AttributeError):
            return {"ok": False, "error": f"not a request; verbs: {', '.join(sorted(self._verbs))}"}
        with self._lock:
            try:
                return {"ok": True, **(verb(*args) or {})}
            except (MadoguchiError, ValueError, TypeError, KeyError, OSError) as why:
                return {"ok": False, "error": f"{type(why).__name__}: {why}"}


def request(path: str | Path, verb: str, *args: str, timeout_s: float = 10.0) -> dict[str, Any]:
    """Ask a simulator. Returns its answer, `ok` included.

    DeviceUnavailable: nobody listens there. DeviceTimeout: no answer in time.
    PeerProtocolError: not an answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(timeout_s)
        try:
            sock.connect(os.fspath(path))
            sock.sendall(_encode({"do": verb, "args": list(args)}))
            with sock.makefile("rb") as lines:
                line = lines.readline(LINE_MAX)
        except TimeoutError:
            raise DeviceTimeout("control socket: no answer") from None
        except OSError:
            raise DeviceUnavailable("control socket: nobody listens") from None
    try:
        answer = json.loads(line)
    except ValueError:
        raise PeerProtocolError("control socket: not an answer") from None
    if not isinstance(answer, dict):
        raise PeerProtocolError("control socket: not an answer")
    return answer


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
