"""`kiosk-sim up`: a whole kiosk on one machine, each process under its own user, all ending together."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from drivers.simpanel import bench, parts, places, windows
from drivers.simpanel.control import Control
from drivers.simpanel.demo_config import STAFF_PIN, Shape
from drivers.simpanel.ears import Ears
from drivers.simpanel.glass import Glass
from drivers.simpanel.listener import NAME as CARD_PROCESS
from drivers.simpanel.listener import VISION, card_listener, reading_listener, vision_listener
from drivers.simpanel.process import Part, Task
from drivers.simpanel.supervisor import Supervisor, say
from drivers.simpanel.trays import Trays
from kiosk.errors import ConfigError, MadoguchiError

PANEL_SIZE = "1080x1920"
"""21.5 inches, upright."""

WINDOW_SIZE = "540x960"
"""Half of it: fits on a laptop's screen."""

PIECES = 50
NOTES = 30
"""Coins in each hopper at first."""

GROUPS = (
    "paper",
    "cash",
    "card",
    "camera",
    "cashless",
    "sensors",
    "calling",
    "issuance",
    "core",
    "voice",
    "screen",
)


SWITCHES = {
    "panel": "also the window with buttons instead of hardware",
    "demo": "with a display: kiosk and panel; without: one journey",
    "assist": "the floor assistant's panel, too",
    "relay": "the assistant's panel as on another computer: through TLS, with a key of its own",
    "cashless": "with a payment terminal and a code gateway (the panel has both)",
    "voice": "it speaks: words and sound into the run's folder (the panel has it)",
    "sensors": "with sensors in the trays and an alarm contact (the panel has both)",
    "lamp": "with a light and buzzer that call staff (the panel has it)",
    "webhook": "with messages to the town when staff are called (the panel has it)",
    "staff-reader": "with a second card reader, for staff (place-staff-card)",
    "changer": "with a change machine as the only cash",
    "training": "a training machine: everything says 訓練 SPECIMEN, journal and key of its own",
}
NUMBERS = {
    "pieces": (PIECES, "coins in each hopper at first"),
    "notes": (NOTES, "notes in the box at first"),
    "note-ms": (300, "one movement of a note"),
    "bezel-ms": (30000, "a note waits to be taken for so long"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What a run is made of; each switch and number is an attribute of what comes out."""
    add = parser.add_argument
    add("--out", metavar="DIR", help="where logs and what survives a power cut lie (a new folder)")
    add("--display", metavar=":N|none", help="open windows there; none: an X server nobody sees")
    add("--only", metavar="NAME,…", help=f"only these groups or parts ({', '.join(GROUPS)})")
    add("--pin", default="1234", help="the PIN of the demo cards, when they are made")
    add("--phone-pin", default="", help="the PIN of the same people's phones (as the cards')")
    add("--staff-pin", default=STAFF_PIN, help="the PIN of the demo's staff cards")
    add("--flow", choices=("konbini", "kind_first"), default="konbini", help="order of steps")
    add("--camera", metavar="PICTURE", help=f"pin+face, and who stands there (a name in {parts.FACES})")
    add("--person", action="append", default=[], help="whose cards are made (everybody's)")
    add("--size", metavar="WxH", help=f"of the kiosk's screen ({PANEL_SIZE}; in a window {WINDOW_SIZE})")
    add(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="instead of the demo's: machine, then town",
    )
    for name, words in SWITCHES.items():
        add(f"--{name}", action="store_true", help=words)
    for name, (default, words) in NUMBERS.items():
        add(f"--{name}", type=int, default=default, help=f"{words} ({default})")
    add(
        "--ready-fd",
        type=int,
        help="a pipe: gets a line when all is ready; the run ends when its other end closes",
    )
    add(
        "--core-env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="into the core's environment (tests)",
    )
    add(
        "--spare",
        action="store_true",
        help="with a second certificate printer, which prints while the first cannot",
    )
    add("--inside", action="store_true", help=argparse.SUPPRESS)


def main(argv: list[str], options: argparse.Namespace) -> int:
    """Outside: prepare and enter the namespaces. Inside: run until a signal or `kiosk-sim down`."""
    if os.geteuid() != 0:
        print("kiosk-sim up starts each process under its own user, so it needs root.", file=sys.stderr)
        return 2
    display = display_of(options)
    if not options.inside:
        out = Path(options.out or f"/run/kiosk-sim/{os.getpid()}").resolve()
        out.mkdir(parents=True, exist_ok=True)
        places.must_be_open(places.code_root())
        bench.make_users()
        places.LAST.parent.mkdir(exist_ok=True)
        fresh = places.LAST.with_name(f"last.{os.getpid()}")
        fresh.symlink_to(out)
        fresh.replace(places.LAST)
        if options.ready_fd is not None:
            os.set_inheritable(options.ready_fd, True)
        bench.enter([*argv, "--out", str(out)])
    outside = bench.Outside(Path(options.out), display, options.config)
    outside.bring_inside()
    return Run(options, outside, display).run()


def display_of(options: argparse.Namespace) -> str | None:
    """Where windows are wanted; None: nowhere."""
    wanted = options.display or (os.environ.get("DISPLAY") if options.demo else None)
    return None if wanted in {None, "", "none"} else str(wanted)


class Run:
    """One run, seen from process 1."""

    def __init__(self, options: argparse.Namespace, outside: bench.Outside, display: str | None) -> None:
        self.options = options
        self.outside = outside
        self.host = _host_display(display, outside.cookies) if display else None
        self.size = _size(options.size or (WINDOW_SIZE if self.host else PANEL_SIZE))
        self.wanted = set((options.only or ",".join(GROUPS)).split(","))
        if options.panel or (options.demo and self.host):
            self.wanted.add("panel")
        if "panel" in self.wanted and not options.config:  # a configuration of one's own knows what it has
            options.cashless = options.voice = options.sensors = options.lamp = options.webhook = True
        if options.assist or options.relay:
            self.wanted.add("assist")
        self.configured = outside.configured
        self.supervisor = Supervisor()
        self.listeners = [card_listener(self.supervisor)]
        if options.camera:
            self.listeners.append(vision_listener(self.supervisor))
        self.hands = Ears()
        if options.voice:
            self.listeners.append(reading_listener(self.supervisor, self.hands))
        self.is_up = False
        self.began_s = time.monotonic()

    def run(self) -> int:
        bringing_up = threading.Thread(target=self._bring_up, name="bring up", daemon=True)
        bringing_up.start()
        self.supervisor.watch(self.options.ready_fd)
        return 0 if self.is_up else 1

    def _bring_up(self) -> None:
        try:
            wanted = self._parts()
            if "card" in self.wanted:
                self._listen()
            screen = places.BENCH / "screen"
            glass = Glass(windows.DISPLAY, screen / "resident.xauth", screen / "probe.sock")
            panel = places.BENCH / "assist"
            second = Glass(windows.ASSIST_DISPLAY, panel / "assist.xauth", panel / "probe.sock")
            power = (self.cut_power, self.blackout, self.power_on)
            control = Control(self.supervisor, glass, second, *power, self.hands)
            control.start()
            if self.options.sensors:
                Trays(control).start()
            self.supervisor.start_all(wanted)
        except (MadoguchiError, OSError) as why:
            say(f"Not started: {why}. Logs: {self.options.out}/logs")
            return
        finally:
            if not self.supervisor.is_complete:
                self.supervisor.stop()
        self.is_up = True
        say(f"Ready after {time.monotonic() - self.began_s:.1f} s. Folder: {self.options.out}")
        if "panel" in self.wanted:
            say(f"Lay a card by the panel's button; its PIN is {self.options.pin}. Ctrl-C ends it all.")
        if self.options.ready_fd is not None:
            os.write(self.options.ready_fd, b"ready\n")

    def _listen(self) -> None:
        for each in self.listeners:
            each.open()

    def _shape(self) -> Shape:
        given = self.options
        return Shape(
            given.flow,
            has_camera=bool(given.camera),
            has_cashless=given.cashless,
            has_sensors=given.sensors,
            has_spare=given.spare,
            has_lamp=given.lamp,
            has_message=given.webhook,
            is_training=given.training,
            has_changer=given.changer,
            has_staff_reader=given.staff_reader,
        )

    def _parts(self) -> list[Part | Task]:
        """Everything, or what --only names: groups, or single parts by their names."""
        shape = self._shape()
        groups: dict[str, list[Part | Task]] = {
            "paper": parts.paper(self.options.spare),
            "cash": parts.cash(
                self.options.pieces,
                parts.Notes(self.options.notes, self.options.note_ms, self.options.bezel_ms),
                shape.has_changer,
            ),
            "card": parts.card(
                self.options.pin,
                self.options.person,
                self.options.phone_pin,
                bool(self.options.camera),
                self.options.staff_pin,
                shape.has_staff_reader,
            ),
            "camera": parts.camera(self.options.camera) if self.options.camera else [],
            "cashless": parts.cashless() if self.options.cashless else [],
            "sensors": parts.sensors() if self.options.sensors else [],
            "calling": parts.calling(shape),
            "issuance": parts.issuance(),
            "core": parts.core(
                _pairs(self.options.core_env),
                self.options.pieces,
                self.options.notes,
                shape,
                self.configured,
            ),
            "voice": parts.voice() if self.options.voice else [],
            "screen": windows.screen(self.host, self.size),
            "assist": windows.assist(self.host, self.options.relay) if "assist" in self.wanted else [],
            "panel": windows.panel(self.host, self.options.pin),
        }
        named = {each.name for group in groups.values() for each in group}
        if not self.wanted <= set(groups) | named:
            raise ConfigError(f"--only knows {', '.join((*groups, *sorted(named)))}")
        return [
            each
            for group, members in groups.items()
            for each in members
            if group in self.wanted or each.name in self.wanted
        ]

    # --- what `do` asks of the run itself ---

    def cut_power(self) -> None:
        """The kiosk's computer goes dark at once. Devices have a supply of their own and live on."""
        self._go_dark(())

    def blackout(self) -> None:
        """So do all devices on the kiosk's own supply. Server and gateway stand elsewhere and live on."""
        devices = self._devices()
        self._go_dark(devices)
        for name in devices:
            (places.BENCH / name / parts.LINE).unlink(missing_ok=True)

    def _go_dark(self, devices: Sequence[str]) -> None:
        for each in self.listeners:
            each.close()
        self.supervisor.kill("core", "ui", *devices, beside=CARD_PROCESS)
        self.supervisor.kill(beside=VISION)

    def _devices(self) -> list[str]:
        """Those of this run, in an order in which they can start."""
        there = self.supervisor.names()
        return [name for name in parts.ON_THE_KIOSKS_SUPPLY if name in there]

    def power_on(self) -> None:
        """It boots: nothing of /run is left, the journal is. Devices that were dark start beside it, as they do."""
        bench.make_runtime_folders(self.outside.tmpfiles)
        self._listen()
        turns = (self._devices(), ["core"], ["ui"])
        starting = [threading.Thread(target=self._start_in_turn, args=(names,)) for names in turns]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()

    def _start_in_turn(self, names: Sequence[str]) -> None:
        for name in names:
            self.supervisor.start(name)


def _host_display(display: str, cookies: bytes) -> windows.HostDisplay:
    user = pwd.getpwuid(int(os.environ.get("SUDO_UID", "0"))).pw_name
    path = places.BENCH / "host.xauth"
    path.touch(mode=0o600)
    path.write_bytes(cookies)
    bench.own(path, user, 0o400, "root")
    return windows.HostDisplay(display, path, user)


def _pairs(words: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError("--size is WIDTHxHEIGHT")
    return int(width), int(height)
