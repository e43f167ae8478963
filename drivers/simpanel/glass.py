"""The screen from outside: what it shows (asked of the probe), a finger on it (xdotool), a picture of it.

A tap is a real pointer event on the real window, where the key is drawn; nothing here calls the engine.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import ImageGrab

from drivers.simpanel import places
from kiosk.errors import ConfigError, DeviceUnavailable

Answer = Mapping[str, Any]

ANSWER_WITHIN_S = 10.0
LOOKED_FOR_S, LOOK_AGAIN_S = 6.0, 0.03
TOUCHABLE = ("button", "radio")
FIVE_KEYS = {
    "next": "Down",
    "previous": "Up",
    "part": "Right",
    "again": "Left",
    "press": "Return",
    "louder": "KP_Add",
    "softer": "KP_Subtract",
    "faster": "Prior",
    "slower": "Next",
    "voice": "Home",
    "curtain": "End",
}
"""What each key of the pad is called, and what an X server calls it (screens/keys.py: CODES)."""


class Glass:
    """One X display with the resident's screens on it."""

    def __init__(self, display: str, cookie: Path, probe: Path) -> None:
        self._display = display
        self._probe = probe
        self._environment = {**os.environ, "DISPLAY": display, "XAUTHORITY": str(cookie)}

    def screen(self) -> Answer:
        """The probe's word on what is shown now."""
        return self._ask("screen")

    def history(self, after: str = "0") -> Answer:
        """Every view that reached the glass after this number, with the moment of its first frame."""
        return self._ask("history", after=int(after))

    def layout(self) -> Answer:
        """What can be touched now, and where."""
        nodes = self._ask("layout")["nodes"]
        return {
            "targets": {
                each["key"]: each["rect"] for each in nodes if each["role"] in TOUCHABLE and each["enabled"]
            }
        }

    def texts(self) -> Answer:
        """What is to be read now, without the bar."""
        nodes = self._ask("layout")["nodes"]
        bar = next((each["rect"][1] for each in nodes if each["role"] == "bar"), 1 << 30)
        return {"texts": [each["text"] for each in nodes if each["text"] and each["rect"][1] < bar]}

    def metrics(self) -> Answer:
        """The screens' figures about their own work."""
        return self._ask("metrics")

    def tap(self, *keys: str) -> Answer:
        """One touch on each key, in order. Answers the moment of each touch (CLOCK_MONOTONIC)."""
        targets = self._await_targets(keys)
        return {"at_s": [self._touch(targets[key]) for key in keys]}

    def _await_targets(self, keys: tuple[str, ...]) -> Mapping[str, list[float]]:
        """Where these keys are. A person looks until what she wants to touch is there; so does this, for a while."""
        give_up_s = time.monotonic() + LOOKED_FOR_S
        while True:
            targets: Mapping[str, list[float]] = self.layout()["targets"]
            missing = [key for key in keys if key not in targets]
            if not missing:
                return targets
            if time.monotonic() >= give_up_s:
                raise ConfigError(
                    f"not on this screen: {', '.join(missing)}; there is {', '.join(sorted(targets))}"
                )
            time.sleep(LOOK_AGAIN_S)

    def strike(self, *keys: str) -> Answer:
        """One strike of each key of the five-key pad, in order, as the window gets them from a keyboard."""
        unknown = [key for key in keys if key not in FIVE_KEYS]
        if unknown:
            raise ConfigError(f"the pad has no such key: {', '.join(unknown)}")
        at_s = []
        for key in keys:
            at_s.append(time.monotonic())
            # without a window manager the window under the pointer has the keyboard
            subprocess.run(
                ["xdotool", "key", FIVE_KEYS[key]], env=self._environment, check=True, capture_output=True
            )
        return {"at_s": at_s}

    def tap_at(self, x: str, y: str) -> Answer:
        """One touch at a point of the window."""
        return {"at_s": [self._touch([float(x), float(y), 0.0, 0.0])]}

    def _touch(self, place: list[float]) -> float:
        x, y = int(place[0] + place[2] / 2), int(place[1] + place[3] / 2)
        at_s = time.monotonic()
        subprocess.run(
            ["xdotool", "mousemove", str(x), str(y), "mousedown", "1", "mouseup", "1"],
            env=self._environment,
            check=True,
            capture_output=True,
        )
        return at_s

    def shot(self, name: str) -> Answer:
        """A picture of the whole display as DIR/name; the name has no folders above."""
        target = (places.OUT / name).resolve()
        if not target.is_relative_to(places.OUT):
            raise ConfigError("a picture lies in the run's folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        os.environ["XAUTHORITY"] = self._environment[
            "XAUTHORITY"
        ]  # for our own X client, which takes the picture
        ImageGrab.grab(xdisplay=self._display).save(target, compress_level=1)
        return {"file": name}

    def _ask(self, question: str, **more: object) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_WITHIN_S)
            try:
                line.connect(os.fspath(self._probe))
                line.sendall(json.dumps({"ask": question, **more}).encode() + b"\n")
                with line.makefile("rb") as lines:
                    answer: dict[str, Any] = json.loads(lines.readline())
            except (OSError, ValueError):
                raise DeviceUnavailable("the screens do not answer") from None
        if not answer.pop("ok", False):
            raise ConfigError(f"the screens: {answer.get('error', 'no answer')}")
        return answer
