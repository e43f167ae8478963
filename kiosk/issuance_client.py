"""The town's issuance server as a device: commands in, events out, HTTPS between.

Two threads, so that a slow drawing of a paper never holds up an abandon or a report: one for the resident's
session (challenge, authentication, prepare, commit), one for everything else. Each has its own kept-alive
connection under mutual TLS. Every request ends in exactly one event, but for AbandonTransaction; what comes
late for an abandoned transaction is dropped here. `urllib3` is imported here only; it, `ssl` and
`kiosk.binding` only in the threads, to keep the core's start short.

Codes of DeviceLost: `unreachable`, `bad-keys`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec

from kiosk import issuance_wire as wire
from kiosk.clock import SystemClock
from kiosk.errors import ConfigError, ContractError, DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.forgotten import Forgotten
from kiosk.ids import DeviceId, KioskId, TransactionId
from kiosk.issuance_wire import Answer, Call
from kiosk.letters import OURS, read_letters
from kiosk.masking import Mask
from kiosk.messages import Message, say
from kiosk.ports import (
    AbandonTransaction,
    Authenticate,
    Command,
    Commit,
    DeviceArrived,
    DeviceLost,
    Event,
    KeepFigures,
    Prepare,
    ReadIssuance,
    ReportHead,
    ReportPrinted,
    ReportState,
    ReportVoid,
    RequestChallenge,
)

if TYPE_CHECKING:
    import urllib3

    from kiosk.enrolment.keys import DeviceKey


_OF_A_SESSION = (RequestChallenge, Authenticate, Prepare, Commit)
_OF_THE_MACHINE = (
    ReadIssuance,
    AbandonTransaction,
    ReportPrinted,
    ReportVoid,
    ReportHead,
    ReportState,
    KeepFigures,
)

Post = Callable[[Event], None]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the machine's configuration. Paths are PEM files."""

    url: str
    kiosk: str
    key: str
    certificate: str
    ca: str
    manifest_key: str
    mask: Literal["first_character", "family_name", "hidden"] = "first_character"
    letters: str = ""
    """The town's table of letters (kiosk/letters.py); empty: ours."""
    connect_timeout_s: float = 3.0
    answer_timeout_s: float = 10.0
    """From the request's first byte to the answer's last."""
    max_answer_bytes: int = 4 * 1024 * 1024
    max_clock_skew_s: float = 120.0
    is_production: bool = False
    """Refuses a demo's server."""
    is_training: bool = False
    """Refuses every server but a demo's."""
    reads_aloud: bool = False
    """A paper's text is kept beside it, for its owner's ears."""
    version: str = ""
    """What is attested; empty: the version of the installed distribution."""


def create(device: DeviceId, options: Mapping[str, Any], post: Post) -> IssuanceClient:
    """Driver factory. ConfigError for options that are not ours or files that are not there."""
    try:
        known = msgspec.convert(dict(options), Options)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{device}: {error}") from None
    address = urlsplit(known.url)
    if address.scheme != "https" or not address.hostname or address.path not in {"", "/"}:
        raise ConfigError(f"{device}: url is not https://host:port")
    for name in ("key", "certificate", "ca", "manifest_key"):
        if not Path(getattr(known, name)).is_file():
            raise ConfigError(f"{device}: {name} is not a file")
    return IssuanceClient(device, known, post)


class IssuanceClient:
    """Driver of one server."""

    def __init__(self, device: DeviceId, options: Options, post: Post) -> None:
        self._device = device
        self._options = options
        self._post_out = post
        self._lock = threading.Lock()
        self._forgotten = Forgotten()
        self._is_here: bool | None = None
        self._is_stopped = False
        self._session: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._machine: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(
                target=self._serve, args=(self._session, False), name="issuance-session", daemon=True
            ),
            threading.Thread(
                target=self._serve, args=(self._machine, True), name="issuance-machine", daemon=True
            ),
        ]

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self._device,)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def perform(self, command: Command) -> None:
        if isinstance(command, AbandonTransaction):
            self._drop(command.transaction)
        if isinstance(command, _OF_A_SESSION):
            self._session.put(command)
        elif isinstance(command, _OF_THE_MACHINE):
            self._machine.put(command)
        else:
            raise ContractError(f"{self._device}: not a command for a server: {type(command).__name__}")

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
        for commands in (self._session, self._machine):
            commands.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2.0)

    def _serve(self, commands: queue.SimpleQueue[Command | None], is_first: bool) -> None:
        """A thread's life: its own connection, one command after the other. The first one introduces the
        kiosk. Keys that cannot be used yet (no enrolment, a TPM that comes late) are looked for at each command."""
        desk = self._open(is_first)
        if desk is None:
            say(Message.KEYS_UNUSABLE, device=self._device)
            self._post(DeviceLost(self._device, "bad-keys"))
        while (command := commands.get()) is not None:
            desk = desk or self._open(is_first)
            if desk is not None:
                self._answer(command, desk)
            elif not isinstance(command, AbandonTransaction):
                self._post(wire.failure_event(command, "unreachable"))
        if desk is not None:
            desk.close()

    def _open(self, is_first: bool) -> _Desk | None:
        try:
            desk = _Desk(self._options)
        except (ConfigError, OSError):
            return None
        if is_first:
            self._note(desk.attest())
        return desk

    def _answer(self, command: Command, desk: _Desk) -> None:
        transaction = getattr(command, "transaction", None)
        is_of_session = isinstance(command, _OF_A_SESSION)
        if is_of_session and self._is_dropped(transaction):
            return
        event, is_here = desk.ask(command)
        self._note(is_here)
        if event is not None and not (is_of_session and self._is_dropped(transaction)):
            self._post(event)

    def _note(self, is_here: bool) -> None:
        """Tells the core when the server comes or goes."""
        with self._lock:
            if is_here == self._is_here:
                return
            self._is_here = is_here
        if is_here:
            self._post(
                DeviceArrived(self._device, f"issuance API v1 at {urlsplit(self._options.url).netloc}")
            )
        else:
            self._post(DeviceLost(self._device, "unreachable"))

    def _post(self, event: Event) -> None:
        with self._lock:
            if self._is_stopped:
                return
        self._post_out(event)

    def _drop(self, transaction: TransactionId) -> None:
        with self._lock:
            self._forgotten.add(transaction)

    def _is_dropped(self, transaction: TransactionId | None) -> bool:
        with self._lock:
            return transaction in self._forgotten


class _Desk:
    """One thread's side of the conversation: its keys, and its own line."""

    def __init__(self, options: Options) -> None:
        from kiosk import binding, issuance_desk  # noqa: PLC0415  # cryptography and PDFium take their time to load
        from kiosk.enrolment.keys import open_key  # noqa: PLC0415

        key = open_key(Path(options.key))
        self._converse = issuance_desk.converse
        self._desk = issuance_desk.Desk(
            KioskId(options.kiosk),
            key,
            binding.ManifestKey(Path(options.manifest_key).read_bytes()),
            Mask(options.mask),
            options.version or _installed_version(),
            SystemClock(),
            options.max_clock_skew_s,
            is_production=options.is_production,
            is_training=options.is_training,
            letters=read_letters(Path(options.letters) if options.letters else OURS).forms(),
            reads_aloud=options.reads_aloud,
        )
        self._line = _Line(options, key)

    def close(self) -> None:
        self._line.close()

    def attest(self) -> bool:
        return self._converse(self._desk.attest(), self._line.send)

    def ask(self, command: Command) -> tuple[Event | None, bool]:
        return self._converse(self._desk.ask(command), self._line.send)


def _installed_version() -> str:
    """Of this distribution; a tree that was never installed attests 0.0.0, and the server decides."""
    from importlib import metadata  # noqa: PLC0415  # slow to load, asked once

    try:
        return metadata.version("madoguchi")
    except metadata.PackageNotFoundError:
        return "0.0.0"


class _Line:
    """One kept-alive HTTPS connection: calls in, answers out, both of bounded size and time."""

    def __init__(self, options: Options, key: DeviceKey) -> None:
        import ssl  # noqa: PLC0415

        import urllib3  # noqa: PLC0415

        self._options = options
        self._clock = SystemClock()
        self._errors = urllib3.exceptions
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(options.ca)
        key.identify(context, Path(options.certificate))
        address = urlsplit(options.url)
        self._pool = urllib3.HTTPSConnectionPool(
            address.hostname or "",
            address.port or 443,
            maxsize=1,
            retries=False,
            ssl_context=context,
        )
        self._timeout = urllib3.Timeout(connect=options.connect_timeout_s, read=options.answer_timeout_s)

    def send(self, call: Call) -> Answer:
        """DeviceUnavailable, DeviceTimeout, or PeerProtocolError for an answer that is too large."""
        deadline = self._clock.monotonic_s() + self._options.answer_timeout_s
        headers = {"Accept": "application/json, application/problem+json", "Accept-Encoding": "identity"}
        if call.body:
            headers["Content-Type"] = "application/json"
        try:
            response = self._pool.urlopen(
                call.method,
                call.path,
                body=call.body or None,
                headers=headers,
                redirect=False,
                timeout=self._timeout,
                preload_content=False,
                decode_content=False,
            )
            return self._read(response, deadline)
        except self._errors.ReadTimeoutError:
            raise DeviceTimeout("issuance: no answer in time") from None
        except (self._errors.HTTPError, OSError):
            raise DeviceUnavailable("issuance: the server cannot be reached") from None

    def close(self) -> None:
        self._pool.close()

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: float) -> Answer:
        body = bytearray()
        is_whole = False
        try:
            while chunk := response.read1(64 * 1024, decode_content=False):
                body += chunk
                if len(body) > self._options.max_answer_bytes:
                    raise PeerProtocolError("issuance: an answer that is too large")
                if self._clock.monotonic_s() > deadline:
                    raise DeviceTimeout("issuance: an answer that does not end")
            is_whole = True
        finally:
            if not is_whole:
                response.close()
            response.release_conn()
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(response.status, media_type, bytes(body))
