"""A printer of few words that breaks off where a test wants it to: what ippeveprinter cannot be made to do."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from drivers.ipp.codec import (
    Attribute,
    Group,
    GroupTag,
    Message,
    Operation,
    Parser,
    Value,
    ValueTag,
    encode,
    integer,
    text,
)
from drivers.ipp.device import JobState

KEYWORD = ValueTag.KEYWORD

PRINTER = Group(
    GroupTag.PRINTER,
    (
        Attribute("printer-state", (Value(ValueTag.ENUM, 3),)),
        text(KEYWORD, "printer-state-reasons", "none"),
        text(ValueTag.MIME_MEDIA_TYPE, "document-format-supported", "application/pdf"),
        text(KEYWORD, "media-supported", "iso_a4_210x297mm"),
        text(KEYWORD, "print-scaling-supported", "none"),
        text(KEYWORD, "sides-supported", "one-sided"),
        Attribute("operations-supported", tuple(Value(ValueTag.ENUM, each) for each in range(2, 12))),
    ),
)


class HangUp(Exception):  # noqa: N818  # a deed, not an error
    """Raised by a trick: close the connection without an answer."""


Trick = Callable[[Message], bytes | None]
"""What to answer instead; None = as always."""


class StubPrinter:
    """One job at a time. `tricks` replace the answer to an operation; `asked` is every operation that
    came."""

    def __init__(self) -> None:
        self.tricks: dict[int, Trick] = {}
        self.asked: list[int] = []
        self.documents: list[bytes] = []
        self.name = ""
        self.state = JobState.HELD
        self.pages = 0
        self.has_begun = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> StubPrinter:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self._server.server_address[1]}/ipp/print"

    def print_all(self, pages: int) -> None:
        self.state, self.pages, self.has_begun = JobState.COMPLETED, pages, True

    def answer(self, body: bytes) -> bytes:
        parser = Parser()
        parser.feed(body)
        request = parser.next_frame()
        assert isinstance(request, Message)
        self.asked.append(request.code)
        if parser.rest:
            self.documents.append(parser.rest)
        trick = self.tricks.get(request.code)
        return (trick(request) if trick else None) or encode(self._usual(request))

    def _usual(self, request: Message) -> Message:
        groups: tuple[Group, ...] = ()
        match request.code:
            case Operation.GET_PRINTER_ATTRIBUTES:
                groups = (PRINTER,)
            case Operation.CREATE_JOB:
                self.name = request.first(GroupTag.OPERATION).strings("job-name")[0]
                groups = (self._job(),)
            case Operation.CANCEL_JOB if self.state < JobState.CANCELED:
                self.state = JobState.CANCELED
            case Operation.GET_JOB_ATTRIBUTES | Operation.SEND_DOCUMENT:
                groups = (self._job(),)
        return Message(code=0, request_id=request.request_id, groups=groups)

    def _job(self) -> Group:
        begun = Value(ValueTag.INTEGER, 1) if self.has_begun else Value(ValueTag.NO_VALUE, None)
        return Group(
            GroupTag.JOB,
            (
                integer("job-id", 7),
                text(ValueTag.NAME, "job-name", self.name),
                Attribute("job-state", (Value(ValueTag.ENUM, self.state),)),
                integer("job-impressions-completed", self.pages),
                Attribute("time-at-processing", (begun,)),
            ),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    said = stub.answer(body)
                except HangUp:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/ipp")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the host did not wait
                    self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the test looks at `asked`."""

        return Handler
