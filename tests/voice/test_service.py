"""The voice process's loop: who may speak to it; jack and hook up to a descriptor that carries `input_event`."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.voice.ears import EVENT, Switch, SwitchWatch, changes, read_switch
from drivers.voice.service import VoiceService
from kiosk.errors import PeerProtocolError
from kiosk.ipc import voice_wire
from kiosk.ipc.voice_wire import Ears, Hush, Play, Say, Sound, SpokenLine
from kiosk.ipc.wire import NEED_DATA

WITHIN_S = 10.0
SW, KEY = 5, 1


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(1_700_000_000, 5, kind, code, value)


class Mouth:
    """In the place of a Player."""

    def __init__(self) -> None:
        self.taken: Queue[Any] = Queue()
        self.ears: Queue[Ears] = Queue()
        self.is_alive = True

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def take(self, message: object) -> None:
        self.taken.put(message)

    def set_ears(self, ears: Ears) -> None:
        self.ears.put(ears)


class Here:
    def __init__(self, folder: Path, uids: tuple[int, ...]) -> None:
        self.mouth = Mouth()
        self.path = folder / "voice.sock"
        self.jack = folder / "jack"
        os.mkfifo(self.jack)
        self.plug = os.open(self.jack, os.O_RDWR | os.O_NONBLOCK)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        handset = Switch(folder / "not-there", KEY, 169)
        self.service = VoiceService(listener, uids, self.mouth, Switch(self.jack), handset)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self.service.run, daemon=True)
        self.thread.start()

    def screen(self) -> tuple[socket.socket, Any]:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(WITHIN_S)
        peer.connect(str(self.path))
        return peer, voice_wire.screens_side()

    def close(self) -> None:
        self.service.stop()
        self.thread.join(WITHIN_S)
        os.close(self.plug)
        assert not self.thread.is_alive()


def told(peer: socket.socket, decoder: Any) -> Ears:
    while (said := decoder.next_message()) is NEED_DATA:
        data = peer.recv(4096)
        assert data
        decoder.feed(data)
    return said


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    made = Here(tmp_path, (os.getuid(),))
    yield made
    made.close()


def test_what_the_screens_say_reaches_the_player_and_the_jack_reaches_the_screens(here: Here) -> None:
    peer, decoder = here.screen()
    assert told(peer, decoder) == Ears(False, False)
    say = Say((SpokenLine("こんにちは", "ja", False),))
    peer.sendall(voice_wire.line(say) + voice_wire.line(Play(Sound.COIN)))
    assert [here.mouth.taken.get(timeout=WITHIN_S) for _ in range(2)] == [say, Play(Sound.COIN)]
    os.write(here.plug, event(SW, 2, 1) + event(0, 0, 0))
    assert told(peer, decoder) == Ears(True, False)
    os.write(here.plug, event(SW, 2, 0))
    assert told(peer, decoder) == Ears(False, False)
    peer.close()
    assert here.mouth.taken.get(timeout=WITHIN_S) == Hush(), "nothing is said for screens that are gone"


def test_screens_that_start_again_take_the_place_of_the_old(here: Here) -> None:
    first, first_side = here.screen()
    told(first, first_side)
    second, second_side = here.screen()
    told(second, second_side)
    assert first.recv(100) == b""
    second.close()
    first.close()


def test_nonsense_and_what_is_too_long_is_left(here: Here) -> None:
    for nonsense in (b"{}\n", b'{"type":"Say","lines":[],"digit":1}\n', b"\xff" * 70_000):
        peer, decoder = here.screen()
        told(peer, decoder)
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            peer.sendall(nonsense)
            while peer.recv(1000):
                pass
        peer.close()


def test_a_stranger_is_turned_away(tmp_path: Path) -> None:
    made = Here(tmp_path, (os.getuid() + 1,))
    peer, _ = made.screen()
    assert peer.recv(100) == b""
    peer.close()
    made.close()


def test_a_switch_in_words() -> None:
    assert read_switch("/dev/kiosk/jack") == Switch(Path("/dev/kiosk/jack"), SW, 2)
    hook = read_switch("/dev/kiosk/handset:key:169:inverted")
    assert hook == Switch(Path("/dev/kiosk/handset"), KEY, 169, is_inverted=True)
    assert changes(hook, event(KEY, 169, 0) + event(KEY, 30, 1) + event(KEY, 169, 2)) == [True]
    for wrong in ("/dev/x:sw", "/dev/x:abs:3", "/dev/x:key:9999", "/dev/x:key:a"):
        with pytest.raises(ValueError, match="expected"):
            read_switch(wrong)


def test_a_device_that_goes_is_nobody_listening(tmp_path: Path) -> None:
    path = tmp_path / "jack"
    os.mkfifo(path)
    far = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    seen: list[bool] = []
    with selectors.DefaultSelector() as selector:
        watch = SwitchWatch(Switch(path), selector, lambda: seen.append(watch.is_on))
        watch.look()
        os.write(far, event(SW, 2, 1))
        selector.select(WITHIN_S)[0][0].data()
        os.close(far)
        selector.select(WITHIN_S)[0][0].data()
        assert seen == [True, False]
        assert not watch.is_there


@given(st.binary(max_size=400))
def test_any_bytes_are_changes_of_a_switch_or_nothing(data: bytes) -> None:
    assert len(changes(Switch(Path("x")), data)) <= len(data) // EVENT.size


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_messages_or_refused(data: bytes, cut: int) -> None:
    for decoder in (voice_wire.voice_side(), voice_wire.screens_side()):
        try:
            for at in range(0, len(data), cut):
                decoder.feed(data[at : at + cut])
                while decoder.next_message() is not NEED_DATA:
                    pass
        except PeerProtocolError:
            pass


def test_a_whole_screen_fits_into_a_line() -> None:
    lines = tuple(SpokenLine("あ" * 2000, "ja") for _ in range(300))
    data = voice_wire.line(Say(lines))
    decoder = voice_wire.voice_side()
    decoder.feed(data)
    said = decoder.next_message()
    assert isinstance(said, Say) and 0 < len(said.lines) < 300
