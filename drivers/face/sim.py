"""`kiosk-sim camera`: somebody in front of a camera, who turns her head when a hand says so. Frames go out on a socket.

The vision process asks for a frame when it wants one (one byte) and gets the newest: 640×480 or the finer size,
red-green-blue, as a driver would give it. A head that turns is a picture warped as parallax would; it is no head, and
what that proves and does not prove stands in README.md. A card is held up by its drawn front (`--cards`). Nothing of it
is in the appliance.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from drivers.face.frames import ASK, ASK_FINE, FINE, HEIGHT, WIDTH, Pixels
from drivers.face.measure import Points
from drivers.face.recogniser import Recogniser
from drivers.face.sim_held import Hold, held
from drivers.face.watcher import grey_of
from drivers.qr.sim.phone import held_up
from drivers.transport.control import ControlServer
from kiosk.errors import MadoguchiError

FACE_WIDE: Final = 180
"""Pixels of a face in front of the machine."""
TURNED: Final = 0.16
"""How far a person turns who is asked to, as drivers.face.measure.turn_of sees it."""
A_SECOND: Final = 1.2
"""How fast a head turns."""
STEP: Final = 0.02
WALL: Final = (128, 128, 128)
HANDS: Final = 5
"""Ways in which a card is held, one after the other."""
SIZES: Final = {ASK: (WIDTH, HEIGHT), ASK_FINE: FINE}


def in_front(picture: Image.Image, face: tuple[float, float, float], middle: tuple[int, int]) -> Image.Image:
    """A person in the camera's picture. `face`: middle and width of it in the picture's pixels."""
    x, y, wide = face
    scale = FACE_WIDE / wide
    person = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    scene = Image.new("RGB", (WIDTH, HEIGHT), WALL)
    scene.paste(person, (round(middle[0] - x * scale), round(middle[1] - y * scale)))
    return scene


def turned(scene: Pixels, points: Points, amount: float) -> Pixels:
    """The face moved as parallax moves it when a head turns: what is nearer goes further, the nose by `amount` of the
    eyes' distance against their middle.

    It is no head: it is what our geometry believes, and so also what a bent picture may look like to it (README).
    """
    (right_x, _), _, (left_x, _), _, (nose_x, nose_y) = points
    apart, middle_x = right_x - left_x, (right_x + left_x) / 2
    rows, columns = np.mgrid[0 : scene.shape[0], 0 : scene.shape[1]].astype(np.float64)
    across, down = (columns - middle_x) / (0.62 * apart), (rows - nose_y) / (1.1 * apart)
    round_head = np.sqrt(np.clip(1 - across**2, 0, 1)) * np.clip(1 - down**2, 0, 1)
    nose = np.exp(-(((columns - nose_x) / (0.3 * apart)) ** 2) - ((rows - nose_y) / (0.3 * apart)) ** 2)
    source = columns - amount * apart * (1.2 * round_head + 0.4 * nose)
    nearest = np.clip(np.rint(source), 0, scene.shape[1] - 1).astype(np.intp)
    moved: Pixels = scene[np.arange(scene.shape[0])[:, None], nearest]
    return moved


class Person:
    """A picture of somebody, and how far her head is turned now."""

    def __init__(self, recogniser: Recogniser, path: Path) -> None:
        """ValueError when there is not one face in it."""
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        found = recogniser.find(grey_of(np.array(picture, dtype=np.uint8)))
        if len(found) != 1:
            raise ValueError(f"not one face: {path.name}")
        left, top, right, bottom = found[0]
        face = ((left + right) / 2, (top + bottom) / 2, float(right - left))
        self._ahead: Pixels = np.array(in_front(picture, face, (WIDTH // 2, HEIGHT // 2)), dtype=np.uint8)
        (place,) = recogniser.find(grey_of(self._ahead))
        self._points = recogniser.points(grey_of(self._ahead), place)
        self._from, self._goal, self._since_s = 0.0, 0.0, 0.0
        self._seen = lru_cache(maxsize=32)(self._turned)

    def turn(self, to: str, now_s: float) -> None:
        """`left` and `right` are her own."""
        self._from, self._since_s = self._now(now_s), now_s
        self._goal = {"left": TURNED, "right": -TURNED, "ahead": 0.0}[to]

    def frame(self, now_s: float) -> bytes:
        return self._seen(round(self._now(now_s) / STEP))

    def _now(self, now_s: float) -> float:
        most = A_SECOND * (now_s - self._since_s)
        return self._from + max(-most, min(most, self._goal - self._from))

    def _turned(self, steps: int) -> bytes:
        scene = turned(self._ahead, self._points, steps * STEP) if steps else self._ahead
        return scene.tobytes()


class Room:
    """Who stands in front; what the control verbs do."""

    def __init__(self, pictures: Path, cards: Path | None = None) -> None:
        """`cards`: NAME/front.png, as drivers.jpki.sim.box makes them."""
        self._pictures, self._cards = pictures, cards
        self._front: Image.Image | None = None
        self._shown = lru_cache(maxsize=2 * HANDS)(self._show_card)
        self._recogniser = Recogniser()
        self._lock = threading.Lock()
        self._person: Person | None = None
        self._name, self._frames = "", 0
        self._phone = b""

    def verbs(self) -> dict[str, Any]:
        return {
            "stand": self.stand,
            "leave": self.leave,
            "turn": self.turn,
            "hold-code": self.hold_code,
            "hold-card": self.hold_card,
            "state": self.state,
        }

    def hold_code(self, text: str = "") -> None:
        """hold-code [TEXT]: a phone with this code is held up; without one it is put away"""
        picture = held_up(text, (WIDTH, HEIGHT)).convert("RGB").tobytes() if text else b""
        with self._lock:
            self._phone = picture

    def hold_card(self, name: str = "") -> None:
        """hold-card [NAME]: this person's card, its front to the camera; without one it is put away"""
        front = None
        if name:
            path = self._cards / name / "front.png" if self._cards is not None else Path()
            if self._cards is None or path.parent.parent != self._cards or not path.is_file():
                raise ValueError(f"no such card: {name}")
            with Image.open(path) as opened:
                front = opened.convert("RGB")
        with self._lock:
            self._front = front
            self._shown.cache_clear()

    def _show_card(self, hand: int, size: tuple[int, int]) -> bytes:
        """A hand is never quite still."""
        if self._front is None:
            raise ValueError("no card")
        away = hand - HANDS / 2
        hold = Hold(turned=2 + 0.5 * away, tilt=0.02, lean=0.02, middle=(0.5 + 0.003 * away, 0.5), seed=hand)
        return held(self._front, hold, size).tobytes()

    def stand(self, name: str) -> dict[str, Any]:
        """stand NAME: the person of NAME.jpg comes"""
        path = self._pictures / f"{name}.jpg"
        if path.parent != self._pictures or not path.is_file():
            raise ValueError(f"no such picture: {name}")
        person = Person(self._recogniser, path)
        with self._lock:
            self._person, self._name = person, name
        return {"stands": name}

    def leave(self) -> None:
        """leave: nobody is there"""
        with self._lock:
            self._person, self._name = None, ""

    def turn(self, to: str) -> None:
        """turn left|right|ahead"""
        if to not in ("left", "right", "ahead"):
            raise ValueError(f"no such way: {to}")
        with self._lock:
            if self._person is not None:
                self._person.turn(to, time.monotonic())

    def state(self) -> dict[str, Any]:
        """state: who is there, and how many frames were taken"""
        return {"stands": self._name, "frames": self._frames}

    def frame(self, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
        with self._lock:
            self._frames += 1
            if self._front is not None:
                return self._shown(self._frames % HANDS, size)
            small = self._small()
        if size != (WIDTH, HEIGHT):
            return Image.frombytes("RGB", (WIDTH, HEIGHT), small).resize(size).tobytes()
        return small

    def _small(self) -> bytes:
        if self._phone:
            return self._phone
        if self._person is not None:
            return self._person.frame(time.monotonic())
        return bytes(WALL) * (WIDTH * HEIGHT)


def serve(room: Room, path: Path) -> None:
    """One camera, whoever may open its socket. Runs for ever."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(os.fspath(path))
        path.chmod(0o666)  # a simulator's folder is the lock
        listener.listen()
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_show, args=(room, peer), daemon=True).start()


def _show(room: Room, peer: socket.socket) -> None:
    with peer:
        try:
            while (asked := peer.recv(1)) in SIZES:
                peer.sendall(room.frame(SIZES[asked]))
        except OSError:
            return


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 done, 1 no such picture."""
    parser = argparse.ArgumentParser(prog="kiosk-sim camera", description="Somebody in front of a camera.")
    parser.add_argument("--state", type=Path, help="kept for the others' sake; nothing is written")
    parser.add_argument("--control", type=Path, required=True)
    parser.add_argument("--frames", type=Path, required=True, help="socket of the camera")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of NAME.jpg")
    parser.add_argument("--cards", type=Path, help="folder of NAME/front.png")
    parser.add_argument("--stand", metavar="NAME", help="who is there at once")
    args = parser.parse_args(argv)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        room = Room(args.pictures.resolve(), args.cards.resolve() if args.cards else None)
        if args.stand:
            room.stand(args.stand)
    except (OSError, ValueError, MadoguchiError) as why:
        sys.stderr.write(f"kiosk-sim camera: {why}\n")
        return 1
    threading.Thread(target=serve, args=(room, args.frames), daemon=True).start()
    server = ControlServer(args.control, room.verbs())
    server.start()
    stopped.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
