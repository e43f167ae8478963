"""A call for staff as a message: JSON by HTTPS to an address of the town (a chat, a pager, a service desk).

Nothing waits for it and nothing of a person is in it: machine, place, step, public code, seconds. A queue of its own,
bounded; what is old is thrown away before it is late; each message is tried again with growing pauses until it is
older than `lasts_s`. `call` is the same for all messages of one call, so that a receiver can put them together, and
`id` is a message's own: one that comes twice is one.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from drivers.transport.worker import Worker
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId, random_token
from kiosk.ports import DeviceArrived, DeviceLost, Event, SendMessage

_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the machine's file."""

    url: str
    machine: str
    """What the message calls this machine."""
    place: str = ""
    key_file: str = ""
    """A secret shared with the receiver: the body's HMAC-SHA256 goes with it (`X-Madoguchi-Signature`)."""
    ca_file: str = ""
    """PEM; empty: the system's."""
    waiting: int = 50
    """So many messages at most; the oldest goes first."""
    lasts_s: float = 900.0
    """A message that is older tells nobody anything."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    answer_timeout_s: float = 5.0


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> Messenger:
    """Driver factory. ConfigError for options that are not ours, and for plain HTTP to another machine."""
    try:
        settings = msgspec.convert(dict(options), Settings)
    except msgspec.ValidationError as why:
        raise ConfigError(f"{device}: {why}") from None
    address = urlsplit(settings.url)
    if not address.hostname or address.scheme not in ("http", "https"):
        raise ConfigError(f"{device}: url is not https://host")
    if address.scheme == "http" and address.hostname not in _LOCAL:
        raise ConfigError(f"{device}: plain HTTP goes to this machine only")
    if settings.waiting < 1 or settings.lasts_s <= 0 or settings.first_pause_s <= 0:
        raise ConfigError(f"{device}: waiting, lasts_s and first_pause_s are above 0")
    return Messenger(device, settings, post)


@dataclass
class _Waiting:
    body: bytes
    until_s: float


class Messenger(Worker[SendMessage]):
    """One address. What is still waiting at the end is lost: the next life calls anew if there is reason to."""

    takes = (SendMessage,)

    def __init__(
        self,
        device: DeviceId,
        settings: Settings,
        post: Callable[[Event], None],
        clock: Clock | None = None,
    ) -> None:
        super().__init__(device, post)
        self._settings = settings
        self._clock = clock or SystemClock()
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._call = ""
        self._is_here: bool | None = None
        self.dropped = 0
        """Messages that nobody got: too many, or too old."""

    def _accept(self, command: SendMessage) -> None:
        body = self._body(command)
        with self._changed:
            self._queue.append(_Waiting(body, self._clock.monotonic_s() + self._settings.lasts_s))
            while len(self._queue) > self._settings.waiting:
                self._queue.popleft()
                self.dropped += 1
            self._changed.notify()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _body(self, message: SendMessage) -> bytes:
        if message.what == "called" or not self._call:
            self._call = random_token()
        said = {
            "id": random_token(),
            "call": self._call,
            "machine": self._settings.machine,
            "place": self._settings.place,
            "what": message.what,
            "step": message.step,
            "code": message.code,
            "waited_s": message.waited_s,
        }
        return json.dumps(said, ensure_ascii=False).encode()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        pause_s = self._settings.first_pause_s
        while (waiting := self._next()) is not None:
            if self._send(waiting.body):
                self._done(waiting)
                pause_s = self._settings.first_pause_s
            else:
                self._rest(pause_s)
                pause_s = min(pause_s * 2, self._settings.longest_pause_s)

    def _next(self) -> _Waiting | None:
        """The oldest that still tells something; waits for one. None: the end."""
        with self._changed:
            while not self._is_stopping.is_set():
                while self._queue and self._queue[0].until_s <= self._clock.monotonic_s():
                    self._queue.popleft()
                    self.dropped += 1
                if self._queue:
                    return self._queue[0]
                self._changed.wait()
            return None

    def _done(self, sent: _Waiting) -> None:
        with self._changed:
            if self._queue and self._queue[0] is sent:
                self._queue.popleft()

    def _rest(self, pause_s: float) -> None:
        with self._changed:
            self._changed.wait_for(self._is_stopping.is_set, pause_s)

    def _send(self, body: bytes) -> bool:
        """True: nobody needs to send it again. What the receiver will never take (4xx) is not sent again either."""
        try:
            status = self._exchange(body)
        except (OSError, http.client.HTTPException, ValueError):
            self._note("unreachable")
            return False
        if 200 <= status < 300:
            self._note("")
            return True
        self._note("refused")
        if 400 <= status < 500 and status not in (408, 425, 429):
            self.dropped += 1
            return True
        return False

    def _note(self, code: str) -> None:
        is_here = not code
        if is_here == self._is_here:
            return
        self._is_here = is_here
        self._post(DeviceArrived(self._device, "webhook") if is_here else DeviceLost(self._device, code))

    def _exchange(self, body: bytes) -> int:
        url, limit_s = urlsplit(self._settings.url), self._settings.answer_timeout_s
        headers = {"Content-Type": "application/json"}
        if self._settings.key_file:
            key = Path(self._settings.key_file).read_bytes().strip()
            headers["X-Madoguchi-Signature"] = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        line: http.client.HTTPConnection
        if url.scheme == "https":
            context = ssl.create_default_context(cafile=self._settings.ca_file or None)
            line = http.client.HTTPSConnection(
                url.hostname or "", url.port or 443, timeout=limit_s, context=context
            )
        else:
            line = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=limit_s)
        try:
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            line.request("POST", path, body, headers)
            return line.getresponse().status  # its body is of no interest
        finally:
            line.close()
