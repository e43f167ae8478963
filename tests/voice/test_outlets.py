"""ALSA's player as a program: which device it is given, what it gets, and that killing it is silence. No sound here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.voice.outlets import Alsa, Outlet
from drivers.voice.pcm import CHUNK

LOUD = np.full(CHUNK, 3000, dtype=np.int16)


@pytest.fixture
def player(tmp_path: Path) -> str:
    """In the place of aplay: writes down its words and what it hears."""
    program = tmp_path / "aplay"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{tmp_path}/words\nexec cat >>{tmp_path}/heard\n')
    program.chmod(0o755)
    return str(program)


def test_each_outlet_has_its_device_and_hears_everything(player: str, tmp_path: Path) -> None:
    alsa = Alsa({Outlet.SPEAKER: "plughw:0", Outlet.HEADPHONES: "plughw:1"}, player)
    alsa.begin(Outlet.HEADPHONES, "secret", "ja", True)
    assert alsa.write(LOUD) and alsa.write(LOUD)
    alsa.drain()
    assert (tmp_path / "heard").read_bytes() == LOUD.tobytes() * 2
    words = (tmp_path / "words").read_text().split()
    assert words[words.index("-D") + 1] == "plughw:1"
    assert words[words.index("-r") + 1] == "24000" and words[words.index("-f") + 1] == "S16_LE"
    assert "secret" not in words, "a command line is everybody's to read"
    alsa.begin(Outlet.SPEAKER, "", "", False)
    assert alsa.write(LOUD)
    alsa.drain()
    assert "plughw:0" in (tmp_path / "words").read_text().split()


def test_to_stop_is_to_kill_and_another_outlet_is_another_program(player: str) -> None:
    alsa = Alsa({}, player)
    alsa.begin(Outlet.HANDSET, "", "", False)
    assert alsa.write(LOUD)
    first = alsa._player
    assert first is not None
    alsa.begin(Outlet.SPEAKER, "", "", False)
    assert first.returncode == -9
    assert alsa.write(LOUD)
    second = alsa._player
    alsa.stop()
    assert second is not None and second is not first and second.returncode == -9


def test_without_a_sound_device_it_says_so_and_goes_on(tmp_path: Path) -> None:
    assert not Alsa({}, str(tmp_path / "none")).write(LOUD)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    alsa = Alsa({}, str(broken))
    assert not all(alsa.write(LOUD) for _ in range(200))
    alsa.drain()
