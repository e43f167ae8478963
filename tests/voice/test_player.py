"""One queue of speech: what interrupts what, and what the speaker never says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from drivers.voice import sounds
from drivers.voice.outlets import Outlet
from drivers.voice.pcm import CHUNK, HZ, Samples, gain, loudness_of
from drivers.voice.player import Player
from kiosk.errors import DeviceUnavailable
from kiosk.ipc.voice_wire import LOUDNESS_STEPS, Ears, Hush, Play, Say, Sound, SpokenLine

WITHIN_S = 10.0
OPEN = SpokenLine("open", "en", is_private=False)
SECRET = SpokenLine("secret", "en", is_private=True)


def speak(text: str, language: str, pace: int) -> Samples:
    if text == "nobody":
        raise DeviceUnavailable("no voice")
    return np.full(HZ // 10, 8000, dtype=np.int16)


@dataclass
class Ear:
    """An `outlets.Heard` that notes what begins, and at which chunk something is to happen."""

    began: list[tuple[Outlet, str]] = field(default_factory=list)
    loud: float = 0.0
    at_chunk: dict[int, object] = field(default_factory=dict)
    chunks: int = 0
    stopped: int = 0
    is_quiet: threading.Event = field(default_factory=threading.Event)

    def begin(self, outlet: Outlet, text: str, language: str, is_private: bool) -> None:
        self.began.append((outlet, text))
        self.is_quiet.clear()

    def write(self, chunk: Samples) -> bool:
        assert len(chunk) == CHUNK
        self.chunks += 1
        self.loud = max(self.loud, loudness_of(chunk))
        act = self.at_chunk.pop(self.chunks, None)
        if callable(act):
            act()
        return True

    def stop(self) -> None:
        self.stopped += 1

    def drain(self) -> None:
        self.is_quiet.set()


@pytest.fixture
def heard() -> Iterator[tuple[Player, Ear]]:
    ear = Ear()
    player = Player(speak, ear)
    player.start()
    yield player, ear
    player.stop()


Both = tuple[Player, Ear]


def ask(both: Both, message: Say | Play | Hush) -> None:
    both[1].is_quiet.clear()
    both[0].take(message)


def said(ear: Ear) -> list[str]:
    assert ear.is_quiet.wait(WITHIN_S)
    return [text for _, text in ear.began if text]


def test_lines_come_in_order_and_a_line_without_a_voice_is_passed_over(heard: Both) -> None:
    _, ear = heard
    ask(heard, Say((OPEN, SpokenLine("nobody", "en", False), SpokenLine("  ", "en", False), OPEN)))
    assert said(ear) == ["open", "open"]


def test_the_speaker_never_says_what_is_private(heard: Both) -> None:
    _, ear = heard
    ask(heard, Say((SECRET, OPEN, SECRET)))
    assert said(ear) == ["open"]
    assert {outlet for outlet, _ in ear.began} == {Outlet.SPEAKER}


@pytest.mark.parametrize(
    ("ears", "outlet"),
    [
        (Ears(True, False), Outlet.HEADPHONES),
        (Ears(False, True), Outlet.HANDSET),
        (Ears(True, True), Outlet.HANDSET),
    ],
)
def test_headphones_and_handset_hear_all(heard: Both, ears: Ears, outlet: Outlet) -> None:
    player, ear = heard
    player.set_ears(ears)
    ask(heard, Say((SECRET, OPEN)))
    assert said(ear) == ["secret", "open"]
    assert {each for each, _ in ear.began} == {outlet}


def test_who_pulls_the_plug_silences_a_private_line_in_its_word(heard: Both) -> None:
    player, ear = heard
    player.set_ears(Ears(True, False))
    ear.at_chunk[2] = lambda: player.set_ears(Ears(False, False))
    ask(heard, Say((SECRET, SECRET, OPEN)))
    assert said(ear) == ["secret", "open"]
    assert ear.began == [(Outlet.HEADPHONES, "secret"), (Outlet.SPEAKER, "open")]
    assert ear.stopped >= 1, "what lay in the buffers was thrown away"


def test_a_new_prompt_ends_the_old_one(heard: Both) -> None:
    player, ear = heard
    ear.at_chunk[2] = lambda: player.take(Say((SpokenLine("new", "en", False),)))
    ask(heard, Say((OPEN, OPEN, OPEN)))
    assert said(ear) == ["open", "new"]
    assert ear.stopped == 1


def test_hush_is_silence(heard: Both) -> None:
    player, ear = heard
    ear.at_chunk[1] = lambda: player.take(Hush())
    ask(heard, Say((OPEN, OPEN)))
    assert said(ear) == ["open"]


def test_a_tone_sounds_over_speech_and_alone(heard: Both) -> None:
    player, ear = heard
    ask(heard, Play(Sound.COIN, LOUDNESS_STEPS - 1))
    assert said(ear) == []
    assert ear.loud > 0.1
    alone = ear.chunks
    assert alone == -(-len(sounds.made(Sound.COIN)) // CHUNK)
    ear.at_chunk[alone + 1] = lambda: player.take(Play(Sound.ERROR, 0))
    ask(heard, Say((OPEN,)))
    assert said(ear) == ["open"]
    assert ear.stopped == 0


def test_loudness_has_a_range_of_eighteen_decibels_with_a_step_of_twelve() -> None:
    in_db = [20 * np.log10(gain(step)) for step in range(LOUDNESS_STEPS)]
    assert in_db[-1] - in_db[0] == pytest.approx(18)
    assert any(each - in_db[0] == pytest.approx(12) for each in in_db)
    assert gain(-5) == gain(0) and gain(99) == gain(LOUDNESS_STEPS - 1)


def test_every_tone_is_heard_is_short_and_begins_and_ends_softly() -> None:
    assert set(sounds.TUNES) == set(Sound)
    made = {sound: sounds.made(sound) for sound in Sound}
    for samples in made.values():
        assert loudness_of(samples) > 0.05
        assert len(samples) < HZ
        assert abs(int(samples[0])) < 400 and abs(int(samples[-1])) < 400
    assert len({each.tobytes() for each in made.values()}) == len(Sound), "each is its own"
    assert len(made[Sound.DIGIT]) < HZ / 10, "fingers are quick"
