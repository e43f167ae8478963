"""What our processes write to the system's journal: messages of one catalogue, each with its id, nothing personal.

`say(Message.X, field=…)` is the only way; `open_log` chooses where it goes. A value that is not of its field's form
(catalogue.toml) is written as `?`, so no name, amount or number of a card can slip through. What a library logs is
told by the library's name alone.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from contextlib import suppress

from kiosk.messages.message import FIELDS, Message

__all__ = ["Message", "open_log", "say"]

JOURNAL = "/run/systemd/journal/socket"
_LOG = logging.getLogger("madoguchi")
_FORMS = {name: re.compile(form) for name, form in FIELDS.items()}
_PRIORITY = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}
"""syslog(3)."""


def say(message: Message, **fields: str | int) -> None:
    """Write one message. Never raises: a wrong field costs its value, not the process."""
    facts = {name: _fitting(name, fields.get(name, "")) for name in message.fields}
    text = message.text.format(**facts)
    _LOG.log(message.level, "%s", text, extra={"message_id": message.id, "facts": facts})


def _fitting(name: str, value: str | int) -> str:
    text = str(value)[:240]
    return text if _FORMS[name].fullmatch(text) else "?"


def open_log(process: str, *, is_act: bool = False) -> None:
    """From now on messages go to journald where it is our stderr (systemd.exec(5), JOURNAL_STREAM), else to stderr.

    `is_act`: what a person does at a terminal is an entry of the machine's journal, too, where there is one.
    """
    is_for_journal = _is_journal() or (is_act and os.path.exists(JOURNAL))
    handler = _Journal(process) if is_for_journal else _Lines()
    for logger in (logging.getLogger(), _LOG):
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
    _LOG.propagate = False  # what a library hangs to the root logger later repeats nothing of ours


def _is_journal() -> bool:
    named = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return named == f"{status.st_dev}:{status.st_ino}"


def _told(record: logging.LogRecord) -> tuple[str, str, dict[str, str]]:
    """Text, id, facts. A library's own words are not repeated."""
    message_id = getattr(record, "message_id", "")
    if message_id:
        return record.getMessage(), message_id, getattr(record, "facts", {})
    said = Message.LIBRARY_SAID
    library = _fitting("library", record.name.partition(".")[0])
    return said.text.format(library=library), said.id, {"library": library}


class _Lines(logging.StreamHandler):  # type: ignore[type-arg]
    """For a person at a terminal, the demo and the tests."""

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "message_id") or record.levelno >= logging.WARNING:
            super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {_told(record)[0]}"


class _Journal(logging.Handler):
    """journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram of KEY=value lines.

    Our texts hold no line break, so the binary form of a field is never needed. A journal that does not take it loses
    the message: nothing waits for a log.
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "message_id") and record.levelno < logging.WARNING:
            return
        text, message_id, facts = _told(record)
        with suppress(OSError):
            self._socket.sendto(datagram(self._process, record.levelname, text, message_id, facts), JOURNAL)


def datagram(process: str, level: str, text: str, message_id: str, facts: dict[str, str]) -> bytes:
    """One entry as journald reads it."""
    pairs = {
        "MESSAGE": text,
        "MESSAGE_ID": message_id,
        "PRIORITY": str(_PRIORITY[level]),
        "SYSLOG_IDENTIFIER": process,
        **{f"MADOGUCHI_{name.strip('_').upper()}": value for name, value in facts.items()},
    }
    return "".join(f"{key}={value}\n" for key, value in pairs.items()).encode()
