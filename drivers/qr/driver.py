"""The gateway's driver: one thread that asks over HTTP, one request at a time."""

from __future__ import annotations

import http.client
import json
import queue
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import msgspec

from drivers.qr.codec import encode
from drivers.qr.device import Ask, Gateway, GatewayCommand, Out
from drivers.qr.settings import Settings
from drivers.transport.worker import Worker
from kiosk.clock import Clock, SystemClock
from kiosk.errors import ConfigError
from kiosk.ids import DeviceId
from kiosk.money import Yen
from kiosk.ports import Event

_ANSWER_MAX: Final = 65536


def create(device: DeviceId, options: Mapping[str, Any], post: Callable[[Event], None]) -> GatewayDriver:
    """The factory of the registry. ConfigError for an option that is unknown, of the wrong type, or no code holds."""
    try:
        settings = msgspec.convert(dict(options), Settings)
        encode(settings.merchant, Yen(1), "0" * 10, settings.terminal)  # what a code is made of fits into one
        return GatewayDriver(device, settings, post)
    except (msgspec.ValidationError, ValueError) as why:
        raise ConfigError(f"{device}: {why}") from None


class GatewayDriver(Worker[GatewayCommand]):
    """One gateway."""

    takes = get_args(GatewayCommand)

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
        self._gateway = Gateway(device, settings)
        self._commands: queue.SimpleQueue[GatewayCommand | None] = queue.SimpleQueue()
        self._url = urlsplit(settings.url)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError("url is not http(s)://host")

    def _accept(self, command: GatewayCommand) -> None:
        self._commands.put(command)

    def _wake(self) -> None:
        self._commands.put(None)

    # --- the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_stopping.is_set():
            self._turn()

    def _turn(self) -> None:
        timeout_s = max(0.0, self._gateway.due_s - self._clock.monotonic_s())
        try:
            command = self._commands.get(timeout=timeout_s)
        except queue.Empty:
            self._do(self._gateway.tick(self._clock.monotonic_s()))
            return
        if command is not None:
            self._do(self._gateway.perform(command, self._clock.monotonic_s()))

    def _do(self, out: list[Out]) -> None:
        waiting = list(out)
        while waiting and not self._is_stopping.is_set():
            each = waiting.pop(0)
            if isinstance(each, Ask):
                waiting += self._ask(each)
            else:
                self._post(each)

    def _ask(self, ask: Ask) -> list[Out]:
        try:
            status, body = self._exchange(ask)
        except ConnectionRefusedError:
            return self._gateway.failed(ask, "no-port", self._clock.monotonic_s())
        except (OSError, http.client.HTTPException, ValueError):
            return self._gateway.failed(ask, "no-answer", self._clock.monotonic_s())
        return self._gateway.answered(ask, status, body, self._clock.monotonic_s())

    def _exchange(self, ask: Ask) -> tuple[int, dict[str, Any]]:
        """One connection a request: an answer to another one can never be taken for this one's."""
        line = self._connection()
        try:
            payload = json.dumps(ask.body) if ask.body is not None else None
            key = Path(self._settings.key_file).read_text().strip()
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            line.request(ask.method, self._url.path.rstrip("/") + ask.path, payload, headers)
            answer = line.getresponse()
            data = answer.read(_ANSWER_MAX)
            body = json.loads(data) if data else {}
            if not isinstance(body, dict):
                raise ValueError("not an object")
            return answer.status, body
        finally:
            line.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout_s = self._url.hostname or "", self._url.port, self._settings.reply_s
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout_s)
        context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
