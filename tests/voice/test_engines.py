"""Real voices: every language that has one is heard, and says how long it takes; sound as numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from drivers.voice import clips, pcm
from drivers.voice.engines import Engines
from drivers.voice.outlets import Outlet
from drivers.voice.sim import Recorder
from i18n import catalogue, voices
from kiosk.errors import DeviceUnavailable
from kiosk.ipc.voice_wire import PACE_USUAL, PACES


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines()


def test_each_language_has_a_voice_or_is_named_as_having_none() -> None:
    assert set(voices.VOICES) | set(voices.NO_VOICE) == set(catalogue.languages())
    assert not set(voices.VOICES) & set(voices.NO_VOICE)
    assert all(voices.spoken_in(each) == voices.STAND_IN for each in voices.NO_VOICE)


@pytest.mark.parametrize("language", sorted(voices.VOICES))
def test_it_is_heard(language: str, engines: Engines) -> None:
    """A sentence lasts 0.6 to 15 s: 0 would be no voice, more would be one that spells."""
    words = voices.as_spoken(catalogue.load(language).message("place.title"), language)
    samples = engines.speak(words, language)
    assert pcm.loudness_of(samples) > 0.02
    assert 0.6 < pcm.seconds(samples) < 15


def test_amounts_are_said_live_and_faster_is_shorter(engines: Engines) -> None:
    usual = engines.speak("あと1,200円です。", "ja", PACE_USUAL)
    other = engines.speak("あと1,500円です。", "ja", PACE_USUAL)
    fast = engines.speak("あと1,200円です。", "ja", len(PACES) - 1)
    assert pcm.seconds(fast) < 0.7 * pcm.seconds(usual)
    assert len(other) != len(usual) or not np.array_equal(other, usual)


def test_words_without_a_sound_and_without_a_voice(engines: Engines) -> None:
    assert pcm.loudness_of(engines.speak("……", "ja")) < 0.01
    assert pcm.loudness_of(engines.speak("", "en")) < 0.01
    with pytest.raises(DeviceUnavailable):
        engines.speak("Сайн байна уу", "mn")


def test_prompts_have_no_value_in_them_and_are_many() -> None:
    ja = voices.prompts("ja")
    assert len(ja) > 300
    assert not any("{" in each or "|" in each or "\n" in each for each in ja)


def test_what_was_spoken_ahead_is_what_is_heard(tmp_path: Path, engines: Engines) -> None:
    assert clips.render(tmp_path, "en", engines, most=2) == (2, 2)
    assert clips.render(tmp_path, "en", engines, most=2) == (0, 2), "what is there is not made again"
    words = voices.prompts("en")[0]
    live = engines.speak(words, "en")
    store = clips.Clips(_Deaf(), tmp_path)  # type: ignore[arg-type]
    ahead = store.speak(words, "en", PACE_USUAL)
    assert abs(pcm.seconds(ahead) - pcm.seconds(live)) < 0.05
    assert pcm.loudness_of(ahead) == pytest.approx(pcm.loudness_of(live), rel=0.2)
    with pytest.raises(LookupError):
        store.speak(words, "en", 0)
    with pytest.raises(LookupError):
        store.speak("4,711 yen", "en", PACE_USUAL)
    (tmp_path / "en" / f"{clips.name_of(words, 'en')}.opus").write_bytes(b"no opus")
    assert store.speak(words, "en", PACE_USUAL) is ahead, "kept in memory"
    with pytest.raises(LookupError):
        clips.Clips(_Deaf(), tmp_path).speak(words, "en", PACE_USUAL)  # type: ignore[arg-type]


class _Deaf:
    def speak(self, text: str, language: str, pace: int) -> pcm.Samples:
        raise LookupError("live")


def test_sound_survives_a_file_and_another_rate() -> None:
    tone = (np.sin(np.arange(48_000) / 48_000 * 2 * np.pi * 440) * 20_000).astype(np.int16)
    for hz in (48_000, 24_000, 22_050, 16_000):
        ours = pcm.from_any(tone[:hz], hz)
        assert abs(len(ours) - pcm.HZ) <= 1
    back = pcm.from_wav(pcm.to_wav(pcm.from_any(tone, 48_000)))
    assert np.array_equal(back, pcm.from_any(tone, 48_000))
    with pytest.raises(ValueError, match="WAV"):
        pcm.from_wav(b"RIFFnonsense")


def test_the_recorder_writes_what_was_heard(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, pace=0)
    loud = np.full(pcm.CHUNK, 5000, dtype=np.int16)
    recorder.begin(Outlet.SPEAKER, "one", "en", False)
    recorder.write(loud)
    recorder.begin(Outlet.HEADPHONES, "two", "ja", True)
    recorder.write(loud)
    recorder.stop()
    rows = [json.loads(row) for row in (tmp_path / "speech.jsonl").read_text().splitlines()]
    assert [(row["text"], row["outlet"], row["was_whole"]) for row in rows] == [
        ("one", "speaker", True),
        ("two", "headphones", False),
    ]
    assert all(row["loudness"] > 0.1 and row["seconds"] == 0.02 for row in rows)
    assert pcm.loudness_of(pcm.from_wav((tmp_path / rows[0]["file"]).read_bytes())) > 0.1
