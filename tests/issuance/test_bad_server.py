"""The client against servers that hold the right certificate and behave badly."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from issuance import folder
from issuance.clock import SystemClock
from kiosk import issuance_client
from kiosk.errors import ConfigError, ContractError
from kiosk.ids import DeviceId, LineId, TransactionId
from kiosk.issuance_client import IssuanceClient
from kiosk.ports import (
    Command,
    Commit,
    Committed,
    DeviceArrived,
    DeviceLost,
    EndCardSession,
    Event,
    IssuanceFailed,
    Order,
    Prepare,
    ReadIssuance,
)
from tests.issuance.people import KIOSK

WAIT_S = 20.0
T, L, S = TransactionId("1" * 32), LineId("2" * 32), "2026-00000001-52"
Behaviour = Callable[[ssl.SSLSocket], None]


def answer(
    body: bytes, *, head: str = "HTTP/1.1 200 OK", media_type: str = "application/json", length: int = -1
) -> bytes:
    size = len(body) if length < 0 else length
    return f"{head}\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n\r\n".encode() + body


ATTESTED = answer(b'{"accepted":true,"minimum":"0.1.0"}')
COMMITTED = answer(b'{"serial":"2026-00000001-52","state":"committed"}')


def says(data: bytes) -> Behaviour:
    return lambda line: line.sendall(data)


def hangs_up(line: ssl.SSLSocket) -> None:
    """Ends the connection without a word."""


def drips(line: ssl.SSLSocket) -> None:
    """A byte now and then, each in time, and never an end."""
    line.sendall(answer(b"", length=1000))
    gone = threading.Event()
    while not gone.wait(0.05):
        line.sendall(b" ")


class BadServer:
    """Attests whoever comes; then each connection's further requests meet the next behaviour of the
    script."""

    def __init__(self, tls: Path, *script: Behaviour) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(tls / "server.pem", tls / "server.key")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._script = list(script)
        self.requests: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as line:
                while request := _request(line):
                    if b"/v1/kiosks/attest" in request:
                        line.sendall(ATTESTED)
                        continue
                    self.requests.append(request.partition(b" HTTP")[0])
                    behaviour = self._script.pop(0)
                    behaviour(line)
                    if behaviour is hangs_up:
                        return
        except OSError:
            return


def _request(line: ssl.SSLSocket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = line.recv(4096)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(each.split(b":")[1])
            for each in head.split(b"\r\n")
            if each.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += line.recv(4096)
    return head


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bad") / "server"
    folder.init(path, kiosk=KIOSK, hosts=["localhost"], town=folder.SPECIMEN, clock=SystemClock())
    return path


class Meeting:
    def __init__(self, files: Path, script: tuple[Behaviour, ...]) -> None:
        self.server = BadServer(files / "tls", *script)
        self.events: queue.Queue[Event] = queue.Queue()
        url = f"https://localhost:{self.server.port}"
        more = {"answer_timeout_s": 0.5, "max_answer_bytes": 10_000}
        self.client = issuance_client.create(
            DeviceId("issuance"), options(files, url=url, **more), self.events.put
        )
        self.client.start()
        assert isinstance(self.next(), DeviceArrived)

    def next(self) -> Event:
        return self.events.get(timeout=WAIT_S)

    def ask(self, command: Command) -> Event:
        """The command's own event, without the coming and going of the server."""
        self.client.perform(command)
        while isinstance(event := self.next(), DeviceArrived | DeviceLost):
            pass
        return event

    def close(self) -> None:
        self.client.stop()
        self.server.close()


def options(files: Path, **more: Any) -> dict[str, Any]:
    kiosk = files / "kiosk"
    return {
        "url": "https://localhost:1",
        "kiosk": KIOSK,
        "key": str(kiosk / "device.key"),
        "certificate": str(kiosk / "device.pem"),
        "ca": str(kiosk / "server-ca.pem"),
        "manifest_key": str(kiosk / "manifest-key.pem"),
        "version": "0.1.0",
    } | more


@pytest.fixture
def meet(files: Path) -> Iterator[Callable[..., Meeting]]:
    meetings: list[Meeting] = []

    def make(*script: Behaviour) -> Meeting:
        meetings.append(Meeting(files, script))
        return meetings[-1]

    yield make
    for meeting in meetings:
        meeting.close()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (says(answer(b" " * 20_000)), "protocol"),
        (says(answer(b"", length=10**12)), "timeout"),
        (drips, "timeout"),
        (lambda line: threading.Event().wait(1.0), "timeout"),
        (says(answer(b"", head="HTTP/1.1 302 Found\r\nLocation: https://elsewhere/")), "protocol"),
        (says(answer(b"<html>", media_type="text/html")), "protocol"),
        (says(answer(b"{")), "protocol"),
        (says(answer(b"{}", media_type="application/problem+json", head="HTTP/1.1 403 No")), "protocol"),
    ],
    ids=["too-large", "promises-more", "drips", "silent", "redirects", "html", "half-json", "half-problem"],
)
def test_a_bad_answer_has_a_name(meet: Callable[..., Meeting], behaviour: Behaviour, code: str) -> None:
    assert meet(behaviour).ask(Commit(T, L, S)) == IssuanceFailed("Commit", code, T, L)


def test_a_commit_whose_connection_broke_is_asked_once_more(meet: Callable[..., Meeting]) -> None:
    meeting = meet(hangs_up, says(COMMITTED))
    assert meeting.ask(Commit(T, L, S)) == Committed(T, L)
    assert meeting.server.requests == [f"POST /v1/documents/{S}/commit".encode()] * 2


def test_twice_is_enough(meet: Callable[..., Meeting]) -> None:
    meeting = meet(hangs_up, hangs_up, says(COMMITTED))
    assert meeting.ask(Commit(T, L, S)) == IssuanceFailed("Commit", "unreachable", T, L)
    assert meeting.ask(Commit(T, L, S)) == Committed(T, L)


def test_a_prepare_whose_connection_broke_is_never_sent_again(meet: Callable[..., Meeting]) -> None:
    meeting = meet(hangs_up, says(COMMITTED))
    failed = meeting.ask(Prepare(T, Order(L, "juminhyo"), "d" * 64))
    assert failed == IssuanceFailed("Prepare", "unreachable", T, L)
    assert len(meeting.server.requests) == 1


def test_it_goes_on_after_all_of_this(meet: Callable[..., Meeting]) -> None:
    meeting = meet(drips, hangs_up, hangs_up, says(answer(b"{")), says(COMMITTED))
    for _ in range(3):
        assert isinstance(meeting.ask(Commit(T, L, S)), IssuanceFailed)
    assert meeting.ask(Commit(T, L, S)) == Committed(T, L)


# --- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"surprise": 1},
        {"url": "http://localhost:8443"},
        {"url": "https://localhost:8443/v1"},
        {"mask": "none"},
        {"key": "/nowhere"},
        {"answer_timeout_s": "soon"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_options_are_read_strictly(files: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="issuance"):
        issuance_client.create(DeviceId("issuance"), options(files, **wrong), lambda event: None)


def test_keys_that_are_none_end_in_words(files: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    events: queue.Queue[Event] = queue.Queue()
    client: IssuanceClient = issuance_client.create(
        DeviceId("issuance"), options(files, key=str(bad)), events.put
    )
    client.start()
    assert events.get(timeout=WAIT_S) == DeviceLost(DeviceId("issuance"), "bad-keys")
    client.perform(ReadIssuance())
    found = {type(events.get(timeout=WAIT_S)) for _ in range(2)}
    assert found == {DeviceLost, IssuanceFailed}
    bad.write_bytes(Path(options(files)["key"]).read_bytes())
    client.perform(ReadIssuance())
    found_now = [events.get(timeout=WAIT_S) for _ in range(2)]
    assert DeviceLost(DeviceId("issuance"), "unreachable") in found_now, "keys that came later are taken"
    client.stop()


def test_a_command_for_another_device_is_our_bug(files: Path) -> None:
    client = issuance_client.create(DeviceId("issuance"), options(files), lambda event: None)
    with pytest.raises(ContractError):
        client.perform(EndCardSession(DeviceId("card")))
