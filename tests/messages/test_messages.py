"""One catalogue of messages: what is made from it is as it says, and no code writes a log beside it."""

from __future__ import annotations

import ast
import functools
import logging
import re
import socket
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import messages
from kiosk.errors import ConfigError
from kiosk.messages import Message, datagram, make, say

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "kiosk/messages/catalogue.toml"
OF_A_WORKSHOP = ("drivers/simpanel/", "/sim", "drivers/transport/control.py", "kiosk/messages/")


@pytest.mark.parametrize("path", make.made(), ids=lambda path: path.name)
def test_what_is_made_is_as_the_catalogue_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == make.made()[path], "python -m kiosk.messages.make"


def calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in ("kiosk", "drivers", "screens"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if not re.search("^from kiosk(.messages)? import .*(say|messages)", source, re.MULTILINE):
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@functools.cache
def said() -> dict[str, list[tuple[str, set[str]]]]:
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for place, call in calls():
        if ast.unparse(call.func) in ("say", "messages.say") and call.args:
            name = call.args[0]
            assert isinstance(name, ast.Attribute), f"{place}: a message is named, never computed"
            found.setdefault(name.attr, []).append((place, {str(each.arg) for each in call.keywords}))
    return found


@pytest.mark.parametrize("message", Message, ids=lambda message: message.name)
def test_each_message_is_said_somewhere_with_all_its_fields(message: Message) -> None:
    if message in (Message.LIBRARY_SAID, Message.POWER_LOST):  # said by open_log, by ups-notify
        return
    places = said().get(message.name, [])
    assert places, "no code says it: take it out of the catalogue"
    assert [place for place, fields in places if fields != set(message.fields)] == []


def test_nothing_of_an_appliance_writes_a_log_beside_the_catalogue() -> None:
    beside = [
        place
        for folder in ("kiosk", "drivers", "screens")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"^\s*(import logging|from logging )", path.read_text("utf-8"), re.MULTILINE)
        and not any(part in (place := str(path.relative_to(ROOT))) for part in OF_A_WORKSHOP)
    ]
    assert beside == []


@pytest.mark.parametrize("message", Message, ids=lambda message: message.name)
def test_no_field_of_any_message_takes_what_is_personal(
    message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    """A name, a line break, a photo's bytes: written as `?`. `why` alone is free, and its errors carry no payload."""
    caplog.set_level(logging.DEBUG)
    for value in ("例示 花子", "a\nMESSAGE=forged", "\x00" * 9, "1988-01-02 F Hanako", "x" * 5000):
        say(message, **dict.fromkeys(message.fields, value))
        text = caplog.records[-1].getMessage()
        for field in set(message.fields) - {"why"}:
            assert caplog.records[-1].__dict__["facts"][field] == "?", (field, value)
        assert "\n" not in text and "\x00" not in text
        assert len(text) < 400 + len(message.text)


def test_an_entry_for_the_journal_is_bounded_and_whole() -> None:
    data = datagram(
        "kiosk-core", "WARNING", "coin1: gone", "a" * 32, {"device": "coin1", "while_": "sending"}
    )
    assert data.decode().splitlines() == [
        "MESSAGE=coin1: gone",
        f"MESSAGE_ID={'a' * 32}",
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=kiosk-core",
        "MADOGUCHI_DEVICE=coin1",
        "MADOGUCHI_WHILE=sending",
    ]


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    ours = logging.getLogger("madoguchi")
    ours.handlers[:], ours.propagate = [], True
    ours.setLevel(logging.NOTSET)
    root.setLevel(level)


def test_under_a_manager_entries_go_to_its_journal_and_a_librarys_words_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root_logger: logging.Logger
) -> None:
    del root_logger
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(str(tmp_path / "journal"))
    journal.settimeout(30)
    monkeypatch.setattr(messages, "JOURNAL", str(tmp_path / "journal"))
    with (tmp_path / "stderr").open("w") as stderr, journal:
        monkeypatch.setattr(sys, "stderr", stderr)
        status = (tmp_path / "stderr").stat()
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        messages.open_log("kiosk-core")
        say(Message.DEVICE_LOST, device="coin1", why="no answer")
        assert f"MESSAGE_ID={Message.DEVICE_LOST.id}\n".encode() in journal.recv(4096)
        logging.getLogger("urllib3.connection").warning("https://town/hanako failed")
        heard = journal.recv(4096)
        assert b"hanako" not in heard and b"MADOGUCHI_LIBRARY=urllib3\n" in heard
        logging.getLogger("urllib3.connection").info("hanako again")
        journal.setblocking(False)
        with pytest.raises(BlockingIOError):
            journal.recv(4096)
        journal.close()
        say(Message.CORE_WENT_AWAY)  # a journal that is gone costs the message only
        stderr.flush()
    assert (tmp_path / "stderr").read_text() == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('id = "', 'id = "z'),
        ("[fields]", "[fields]\nunused = 'x'"),
        ("ready, version {version}", "ready, version {versio}"),
        ('level = "info"', 'level = "loud"'),
        ("[message.core-ready]", "[mesage.other]\na = 1\n[message.core-ready]"),
    ],
)
def test_a_catalogue_that_is_not_of_the_form_is_refused(old: str, new: str) -> None:
    with pytest.raises(ConfigError, match="catalogue"):
        make.read(SOURCE.read_text(encoding="utf-8").replace(old, new, 1))


def test_texts_name_their_fields_only() -> None:
    for message in Message:
        assert tuple(each[1] for each in string.Formatter().parse(message.text) if each[1]) == message.fields
