"""The certificate, read aloud: what is read, to whom, and what ends it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

from drivers.voice.client import create
from drivers.voice.ears import EVENT, Switch
from drivers.voice.outlets import Outlet
from drivers.voice.paper import spoken
from drivers.voice.pcm import Samples
from drivers.voice.reading import Order, Reading, answer, take_order
from kiosk.errors import ContractError, DeviceUnavailable
from kiosk.ids import DeviceId
from kiosk.ports import Event, ReadingEnd, ReadingEnded, ReadPaper, SetSignal, StopReading

WITHIN_S = 10.0
PAGE = "住民票\tの\t写\tし\n氏　　名\t例示　花子\n世 帯 主\t【省略】\n見 本（以下余白）"


def test_a_page_is_said_as_it_is_read() -> None:
    assert spoken(PAGE) == ("住民票の写し", "氏名、例示 花子", "世帯主、【省略】", "(以下余白)")
    assert spoken("発行番号 2026-00000001-52\t1 / 1 頁") == ("発行番号 2026-00000001-52、1/1頁",)
    assert spoken("見本県見本町\n\n \t ") == ("見本県見本町",)


class Ear:
    def __init__(self) -> None:
        self.began: list[tuple[Outlet, str]] = []
        self.is_free = True
        self.at: dict[int, object] = {}
        self.chunks = 0

    def begin(self, outlet: Outlet, text: str, language: str, is_private: bool) -> None:
        assert language == "ja" and is_private
        self.began.append((outlet, text))

    def write(self, chunk: Samples) -> bool:
        self.chunks += 1
        act = self.at.pop(self.chunks, None)
        if callable(act):
            act()
        return self.is_free

    def stop(self) -> None: ...

    def drain(self) -> None: ...


def speak(text: str, language: str, pace: int) -> Samples:
    if text == "nobody":
        raise DeviceUnavailable("no voice")
    return np.full(2400, 5000, dtype=np.int16)


class Here:
    def __init__(self, folder: Path) -> None:
        self.core, self.process = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ear = Ear()
        self.jack = folder / "jack"
        os.mkfifo(self.jack)
        self.plug = os.open(self.jack, os.O_RDWR | os.O_NONBLOCK)

    def put(self, is_in: bool) -> None:
        os.write(self.plug, EVENT.pack(0, 0, 5, 2, is_in))

    def read(self, *pages: str) -> ReadingEnd:
        switches = {Outlet.HEADPHONES: Switch(self.jack)}
        return Reading(self.process, Order(pages, 2, 2), speak, self.ear, switches).run()

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.ear.began]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    made = Here(tmp_path)
    yield made
    made.core.close()
    made.process.close()
    os.close(made.plug)


def test_it_is_read_to_the_end_into_headphones(here: Here) -> None:
    here.put(True)
    assert here.read(PAGE, "二枚目") is ReadingEnd.DONE
    assert here.said == [*spoken(PAGE), "二枚目"]
    assert {outlet for outlet, _ in here.ear.began} == {Outlet.HEADPHONES}


def test_without_headphones_not_a_word_is_said(here: Here) -> None:
    assert here.read(PAGE) is ReadingEnd.NO_EARS
    assert here.said == [] and here.ear.chunks == 0


def test_who_pulls_the_plug_ends_it_in_the_word(here: Here) -> None:
    here.put(True)
    here.ear.at[3] = lambda: here.put(False)
    assert here.read(PAGE) is ReadingEnd.NO_EARS
    assert here.ear.chunks == 3


def test_the_core_ends_it_by_closing(here: Here) -> None:
    here.put(True)
    here.ear.at[2] = here.core.close
    assert here.read(PAGE) is ReadingEnd.STOPPED
    assert here.ear.chunks <= 3


def test_without_a_voice_it_says_so(here: Here) -> None:
    here.put(True)
    assert here.read("nobody") is ReadingEnd.FAILED


@pytest.mark.parametrize(
    "packet", [b"", b"{}", b"[]", b'{"pages":["x"],"loudness":1,"pace":1,"pin":"1"}', b"\xff"]
)
def test_what_is_no_order_is_not_read(here: Here, packet: bytes) -> None:
    here.core.send(packet) if packet else here.core.close()
    assert take_order(here.process) is None


def test_the_core_hears_how_it_ended(tmp_path: Path) -> None:
    """The driver's side, against a process that takes one packet and answers one."""
    path = tmp_path / "read.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    listener.listen()
    listener.settimeout(WITHIN_S)
    told: Queue[Event] = Queue()
    reader = DeviceId("reader1")
    driver = create(reader, {"socket": str(path)}, told.put)
    driver.start()
    try:
        driver.perform(ReadPaper(reader, (PAGE,), 3, 4))
        process, _ = listener.accept()
        order = take_order(process)
        assert order == Order((PAGE,), 3, 4)
        answer(process, ReadingEnd.DONE)
        assert told.get(timeout=WITHIN_S) == ReadingEnded(reader, ReadingEnd.DONE)
        driver.perform(ReadPaper(reader, (PAGE,), 3, 4))
        process, _ = listener.accept()
        process.settimeout(WITHIN_S)
        assert process.recv(100_000)
        threading.Timer(0.05, driver.perform, (StopReading(reader),)).start()
        assert process.recv(10) == b"", "closed: silence"
        process.close()
        assert told.get(timeout=WITHIN_S) == ReadingEnded(reader, ReadingEnd.STOPPED)
        listener.close()
        driver.perform(ReadPaper(reader, (PAGE,), 3, 4))
        assert told.get(timeout=WITHIN_S) == ReadingEnded(reader, ReadingEnd.FAILED)
        with pytest.raises(ContractError):
            driver.perform(SetSignal(reader, "off"))
    finally:
        driver.stop()
        listener.close()
