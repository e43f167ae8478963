"""`kiosk-sim do VERB …`: one place for everything that a hand or an accident does to the machine.

Most verbs are a simulator's own, passed on to its control socket under the name it has there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.simpanel import bench, ears, parts, places
from drivers.simpanel.glass import Glass
from drivers.simpanel.process import Part, python
from drivers.simpanel.reader import ReaderEye
from drivers.simpanel.supervisor import Supervisor
from drivers.simpanel.tenkey import Pad
from drivers.transport.control import ControlServer, Verb, request
from kiosk.errors import ConfigError, DeviceUnavailable, MadoguchiError

Answer = Mapping[str, Any]
ASKED_WITHIN_S = 10.0
"""So long a hand with a card waits for the terminal to ask for it."""


@dataclass(frozen=True)
class Passed:
    """A verb that is a simulator's own: which simulator, its verb, and arguments that come first."""

    to: str
    verb: str
    first: tuple[str, ...] = ()


PASSED: dict[str, Passed] = {
    "insert-coin": Passed("cctalk", "insert-coin"),
    "take-coins": Passed("cctalk", "take-coins"),
    "insert-note": Passed("id003", "insert-note"),
    "take-note": Passed("id003", "take-note"),
    "cancel-terminal": Passed("terminal", "cancel"),
    "decline-card": Passed("terminal", "decline"),
    "terminal-fault": Passed("terminal", "fault"),
    "settle-terminal": Passed("terminal", "settle"),
    "gateway-fault": Passed("gateway", "fault"),
    "printed": Passed("card", "printed"),
    "place-staff-card": Passed("staffcard", "place-card"),
    "remove-staff-card": Passed("staffcard", "remove-card"),
    "stand": Passed("camera", "stand"),
    "turn": Passed("camera", "turn"),
    "hold-card": Passed("camera", "hold-card"),
}

TRUTH = {
    "card": "status",
    "cctalk": "state",
    "changer": "state",
    "escpos": "state",
    "gateway": "state",
    "id003": "state",
    "ipp": "state",
    "ipp2": "state",
    "lamp": "state",
    "staffcard": "status",
    "webhook": "state",
    "terminal": "state",
}
"""The verb under which each simulator tells its physical truth."""

OUTLETS: dict[str, tuple[str, str]] = {
    "certificate": ("ipp", "[0-9]*.pdf"),
    "spare": ("ipp2", "[0-9]*.pdf"),
    "receipt": ("escpos", "[0-9]*.png"),
}
"""What comes out where: the simulator, and the files that are papers."""

TRAYS = {"cctalk": ("payout-tray", "return-tray"), "changer": ("tray", "returned")}
"""Where pieces lie that a hand may take."""

TARGETS: dict[str, str] = {
    "printer": "ipp",
    "spare-printer": "ipp2",
    "receipt": "escpos",
    "coin1": "cctalk",
    "card-reader": "card",
    "staff-reader": "staffcard",
    "server": "issuance",
    "cash": "cctalk",
    "changer1": "changer",
    "note1": "id003",
    "notes": "id003",
}
"""A device's name for people, and the part that plays it. A hopper is the coin unit's."""


class Control:
    """The verbs of one run, served at DIR/control.sock."""

    def __init__(
        self,
        supervisor: Supervisor,
        glass: Glass,
        second: Glass,
        cut_power: Callable[[], None],
        blackout: Callable[[], None],
        power_on: Callable[[], None],
        hands: ears.Ears,
    ) -> None:
        self._hands = hands
        self._supervisor = supervisor
        self._glass = glass
        self._second = second
        self._cut_power = cut_power
        self._blackout = blackout
        self._power_on = power_on
        self._eye = ReaderEye()
        self._taken: dict[str, int] = {}

    def start(self) -> ControlServer:
        verbs: dict[str, Verb] = {name: self._pass_on(name) for name in PASSED}
        verbs |= {
            "status": self.status,
            "state": self.state,
            "jam": lambda device, *where: self._trouble("jam", device, *where),
            "out-of-paper": self.out_of_paper,
            "clear": lambda device: self._trouble("clear", device),
            "sim": self.sim,
            "assistant": self.assistant,
            "place-card": lambda name: self.card(True, name),
            "remove-card": lambda: self.card(False),
            "touch-terminal": self.touch_terminal,
            "hold-code": self.hold_code,
            "scan-screen": self.scan_screen,
            "revoke-card": self.revoke,
            "press-keys": Pad().press,
            "plug-headphones": lambda: self._hands.plug(True),
            "unplug-headphones": lambda: self._hands.plug(False),
            "lift-handset": lambda: self._hands.lift(True),
            "hang-up": lambda: self._hands.lift(False),
            "strike": self._glass.strike,
            "hear": ears.listen,
            "heard": lambda: {"lines": ears.heard()},
            "take-paper": lambda: self.take("certificate"),
            "take-spare": lambda: self.take("spare"),
            "take-receipt": lambda: self.take("receipt"),
            "emergency": lambda how="on": _ask("modbus", "emergency", how),
            "server-away": lambda: self._supervisor.kill("issuance"),
            "server-silent": lambda: self._supervisor.freeze("issuance"),
            "server-back": self.server_back,
            "kill": self.kill,
            "cut-power": self._cut_power,
            "blackout": self._blackout,
            "power-on": self._power_on,
            "pull-plug-of": self.pull_plug,
            "plug-in": lambda device: self._supervisor.start(self._part(device)),
            "screen": self._glass.screen,
            "history": self._glass.history,
            "metrics": self._glass.metrics,
            "layout": self._glass.layout,
            "texts": self._glass.texts,
            "tap": self._glass.tap,
            "shot": self._glass.shot,
            "assist-screen": self._second.screen,
            "assist-layout": self._second.layout,
            "assist-tap": self.assist_tap,
            "assist-shot": self._second.shot,
            "down": self._supervisor.stop,
        }
        server = ControlServer(places.OUT / places.CONTROL_NAME, verbs)
        server.start()
        owner = int(os.environ.get("SUDO_UID", "0"))
        os.chown(server.path, owner, int(os.environ.get("SUDO_GID", "0")))
        return server

    # --- verbs ---

    def status(self) -> Answer:
        """Which parts run, their memory, and how long each took to become ready."""
        return {
            "parts": self._supervisor.names(),
            "resident_mb": self._supervisor.resident_mb(),
            "ready_after_s": {k: round(v, 3) for k, v in self._supervisor.first_ready.items()},
        }

    def state(self) -> Answer:
        """The physical truth of every simulator: what lies where, whatever the kiosk believes."""
        truth: dict[str, Any] = {}
        for name, verb in TRUTH.items():
            try:
                truth[name] = _ask(name, verb)
            except MadoguchiError as why:
                truth[name] = {"unplugged": str(why)}
        cash = coin_unit()
        if cash == "cctalk":
            motors = (truth[cash].get("memory") or {}).values()
            pieces = sum(each.get("lifetime", 0) for each in motors)
        else:
            pieces = truth[cash].get("paid", 0)
        truth[cash]["left_out_s"] = {"hopper motors": pieces * parts.COIN_MS / 1000}
        return truth

    def take(self, thing: str) -> Answer:
        """What came out of a printer since the last time. A sensor says it, where there is one (trays.py)."""
        taken = self.lying(thing)
        self._taken[thing] = self._taken.get(thing, 0) + len(taken)
        return {
            "taken": [os.fspath(each.relative_to(places.OUT)) for each in taken],
            "at_s": time.monotonic(),
        }

    def lying(self, thing: str) -> list[Path]:
        """Papers that came out and were not taken: `certificate`, `spare`, `receipt`."""
        name, pattern = OUTLETS[thing]
        return sorted(parts.state(name).glob(pattern))[self._taken.get(thing, 0) :]

    def coins_lie(self) -> bool:
        """Something is in the change tray, by the coin unit's own truth."""
        unit = coin_unit()
        places_ = _ask(unit, "state")["places"]
        return any(count for tray in TRAYS[unit] for count in places_.get(tray, {}).values())

    def out_of_paper(self, device: str = "printer") -> Answer:
        part = self._part(device)
        return _ask(part, "paper-out" if part == "escpos" else "out-of-paper")

    def card(self, is_there: bool, *name: str) -> Answer:
        """Lay a card on the reader, or take it. Answers when PC/SC has told of it, and how long that took."""
        self._eye.watch()
        began_s = time.monotonic()
        answer = _ask("card", "place-card" if is_there else "remove-card", *name)
        at_s = self._eye.wait_for(is_there, began_s)
        return {**answer, "at_s": at_s, "left_out_s": {"virtual reader": at_s - began_s}}

    def touch_terminal(self, brand: str, *how: str) -> Answer:
        """A card or phone to the terminal, as soon as its display asks for one."""
        give_up_s = time.monotonic() + ASKED_WITHIN_S
        while not _ask("terminal", "state")["display"] and time.monotonic() < give_up_s:
            time.sleep(0.02)
        return {**_ask("terminal", "touch-card", brand, *how), "at_s": time.monotonic()}

    def hold_code(self, brand: str = "paypay") -> Answer:
        """A phone with a fresh code in front of the camera."""
        _ask("camera", "hold-code", _ask("gateway", "show-code", brand)["code"])
        return {"at_s": time.monotonic()}

    def scan_screen(self, brand: str = "paypay") -> Answer:
        """A phone looks at the kiosk's screen, as it is drawn, and its owner pays."""
        shot = places.OUT / self._glass.shot("scanned.png")["file"]
        seen = places.BENCH / "gateway" / shot.name
        bench.hand_over(shot, seen, "kiosk-sim")
        answer = _ask("gateway", "scan-picture", os.fspath(seen), brand)
        return {**answer, "at_s": time.monotonic()}

    def revoke(self, name: str) -> None:
        """The authority puts this person's card on its list, and the town's server has the list at once."""
        _ask("card", "revoke", name)
        parts.hand_over_list()

    def sim(self, name: str, verb: str, *args: str) -> Answer:
        """Any verb of one simulator, by its own name."""
        return _ask(name, verb, *args)

    def assistant(self, wish: str) -> Answer:
        """Staff at their own panel wish for something (its stand-in: assistant.py)."""
        at_s = time.monotonic()
        ended = self._supervisor.run_beside(
            Part(
                "assistant",
                "staff at their panel",
                python("drivers.simpanel.assistant:main", wish),
                "kiosk-assist",
                lambda *_: True,
            )
        )
        if ended:
            raise ConfigError(f"staff could not wish for {wish}")
        return {"at_s": at_s}

    def assist_tap(self, *keys: str) -> Answer:
        """The assistant's finger on her own panel; the moment of the last touch."""
        return {"at_s": self._second.tap(*keys)["at_s"][-1]}

    def kill(self, what: str) -> None:
        """An accident: SIGKILL. Core and screens come again by themselves, as systemd brings them back."""
        if what == "card":
            self._supervisor.kill_beside("card-process")
        else:
            self._supervisor.crash(what)

    def pull_plug(self, device: str) -> None:
        """The device goes, and the node of its line with it, as a USB line's does."""
        part = self._part(device)
        self._supervisor.kill(part)
        (places.BENCH / part / parts.LINE).unlink(missing_ok=True)

    def server_back(self) -> None:
        self._supervisor.thaw("issuance")
        self._supervisor.start("issuance")

    # --- routing ---

    def _pass_on(self, name: str) -> Verb:
        passed = PASSED[name]

        def act(*args: str) -> Answer:
            to = coin_unit() if passed.to in ("cctalk", "id003") else ""
            answer = _ask(to if to == "changer" else passed.to, passed.verb, *passed.first, *args)
            return {**answer, "at_s": time.monotonic()}  # the hand is done

        return act

    def _trouble(self, verb: str, device: str, *where: str) -> Answer:
        if device.startswith("hopper"):
            return _ask("cctalk", verb, device, *where)
        return _ask(self._part(device), verb, *where)

    def _part(self, device: str) -> str:
        return TARGETS.get(device, device)


def coin_unit() -> str:
    """Which simulator plays the coins of this run: a change machine, where there is one, plays the notes too."""
    return "changer" if parts.control("changer").exists() else "cctalk"


def _ask(name: str, verb: str, *args: str) -> dict[str, Any]:
    answer = request(parts.control(name), verb, *args)
    if not answer.pop("ok", False):
        raise ConfigError(f"{name}: {answer.get('error', 'refused')}")
    return answer


def do(out: Path, verb: str, *args: str, timeout_s: float = 30.0) -> dict[str, Any]:
    """From outside: one verb. DeviceUnavailable when nobody listens, ConfigError when it is refused."""
    with places.short_path(out, places.CONTROL_NAME) as path:
        try:
            answer = request(path, verb, *args, timeout_s=timeout_s)
        except DeviceUnavailable:
            raise DeviceUnavailable("the kiosk of that folder does not run any more") from None
    if not answer.pop("ok", False):
        raise ConfigError(str(answer.get("error", "refused")))
    return answer
