"""IPP over HTTP (RFC 8010 §4): one connection, one question at a time. All that is sent leaves from here."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Sequence

from drivers.ipp.codec import (
    NEED_DATA,
    Attribute,
    Group,
    GroupTag,
    Message,
    Operation,
    Parser,
    ValueTag,
    boolean,
    encode,
    integer,
    text,
)
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError

USER = "kiosk"
"""requesting-user-name of every job: the machine, never a person."""

_PORT = 631
_ANSWER_MAX = 1_048_576


class Answer(Message, frozen=True):
    """A printer's answer: `code` is a status."""

    @property
    def is_ok(self) -> bool:
        """RFC 8011 §4.1.6.2: successful-ok and its kin."""
        return self.code < 0x0100

    @property
    def is_not_found(self) -> bool:
        return self.code in (0x0406, 0x0407)  # client-error-not-found, client-error-gone

    @property
    def is_busy(self) -> bool:
        return self.code in (0x0505, 0x0507)  # server-error-temporary-error, server-error-busy

    @property
    def status(self) -> str:
        return f"ipp-{self.code:04x}"


class IppClient:
    """Questions to one printer. Each raises DeviceUnavailable, DeviceTimeout or PeerProtocolError when there
    is no answer. A question may be asked again; `send_document` is never repeated by this class, nor by its
    callers."""

    def __init__(self, uri: str, timeout_s: float = 5.0) -> None:
        parts = urllib.parse.urlsplit(uri)
        if parts.scheme != "ipp" or not parts.hostname:
            raise ValueError("a printer's address is ipp://HOST[:PORT]/PATH")
        self._uri = uri
        self._host = parts.hostname
        self._port = parts.port or _PORT
        self._path = parts.path or "/"
        self._timeout_s = timeout_s
        self._line: http.client.HTTPConnection | None = None
        self._request_id = 0

    def printer(self, wanted: Sequence[str]) -> Answer:
        return self._ask(Operation.GET_PRINTER_ATTRIBUTES, [_wanted(wanted)])

    def create_job(self, name: str, fidelity: Attribute, template: tuple[Attribute, ...]) -> Answer:
        """An empty job; nothing can come out of it."""
        operation = [text(ValueTag.NAME, "job-name", name), fidelity]
        return self._ask(Operation.CREATE_JOB, operation, job=template)

    def send_document(self, job: int, document: bytes) -> Answer:
        """The one document of that job. Asked at most once: on any doubt ask for the job instead."""
        operation = [
            integer("job-id", job),
            text(ValueTag.MIME_MEDIA_TYPE, "document-format", "application/pdf"),
            boolean("last-document", True),
        ]
        return self._ask(Operation.SEND_DOCUMENT, operation, document=document)

    def job(self, job: int, wanted: Sequence[str]) -> Answer:
        return self._ask(Operation.GET_JOB_ATTRIBUTES, [integer("job-id", job), _wanted(wanted)])

    def cancel(self, job: int) -> Answer:
        return self._ask(Operation.CANCEL_JOB, [integer("job-id", job)])

    def waiting_jobs(self, wanted: Sequence[str]) -> Answer:
        """Every job of this printer that is not at its end, whoever sent it."""
        which = text(ValueTag.KEYWORD, "which-jobs", "not-completed")
        return self._ask(Operation.GET_JOBS, [which, _wanted(wanted)])

    def close(self) -> None:
        """Hang up; the next question dials again. May be called twice."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _ask(
        self,
        operation: Operation,
        attributes: list[Attribute],
        job: tuple[Attribute, ...] = (),
        document: bytes = b"",
    ) -> Answer:
        self._request_id = self._request_id % 0x7FFFFFFF + 1
        groups = [Group(GroupTag.OPERATION, (*self._head(), *attributes))]
        if job:
            groups.append(Group(GroupTag.JOB, job))
        request = Message(code=operation, request_id=self._request_id, groups=tuple(groups))
        answer = _answer(self._post(encode(request) + document))
        if answer.request_id != self._request_id:
            self.close()
            raise PeerProtocolError("ipp: an answer to another question")
        return answer

    def _head(self) -> tuple[Attribute, ...]:
        """RFC 8011 §4.1.4 and §4.1.5: these four, in this order, in every request."""
        return (
            text(ValueTag.CHARSET, "attributes-charset", "utf-8"),
            text(ValueTag.NATURAL_LANGUAGE, "attributes-natural-language", "en"),
            text(ValueTag.URI, "printer-uri", self._uri),
            text(ValueTag.NAME, "requesting-user-name", USER),
        )

    def _post(self, body: bytes) -> bytes:
        """One HTTP exchange on the open connection, or on a new one. Never repeats by itself."""
        line = self._line
        if line is None:
            line = self._line = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            line.request("POST", self._path, body, {"Content-Type": "application/ipp"})
            answer = line.getresponse()
            content = answer.read(_ANSWER_MAX)
            is_whole = answer.isclosed() or not answer.read(1)
        except TimeoutError:
            self.close()
            raise DeviceTimeout("ipp: no answer in time") from None
        except OSError as error:
            self.close()
            raise DeviceUnavailable(f"ipp: no connection ({error.errno or type(error).__name__})") from None
        except (http.client.HTTPException, ValueError):
            self.close()
            raise PeerProtocolError("ipp: not an HTTP answer") from None
        if answer.will_close:
            self.close()
        if answer.status != http.client.OK or not is_whole:
            self.close()
            raise PeerProtocolError(f"ipp: HTTP status {answer.status}")
        return content


def _wanted(names: Sequence[str]) -> Attribute:
    return text(ValueTag.KEYWORD, "requested-attributes", *names)


def _answer(content: bytes) -> Answer:
    parser = Parser()
    parser.feed(content)
    message = parser.next_frame()
    if message is NEED_DATA or not isinstance(message, Message):
        raise PeerProtocolError("ipp: an answer that breaks off")
    return Answer(
        code=message.code, request_id=message.request_id, groups=message.groups, version=message.version
    )
