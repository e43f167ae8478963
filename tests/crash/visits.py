"""Visits whose core dies at a chosen moment, on one kiosk that goes on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from drivers.simpanel.closing import check_journal, journal_of, pieces_there
from drivers.simpanel.runner import Runner
from drivers.simpanel.script import Journey, Step
from drivers.simpanel.session import Session
from kiosk.errors import MadoguchiError

SHIM = Path(__file__).with_name("kill_at_write.c")
TO_CONFIRM = (
    Step(see="Attract", within_s=40),
    Step(tap="main"),
    Step(see="PlaceCard"),
    Step(do=["place-card", "hanako"]),
    Step(see="EnterPin", where={"slot": "*"}),
    Step(pin="1234"),
    Step(tap="main"),
    Step(see="TakeCard", where={"is_verified": True}),
    Step(do=["remove-card"]),
    Step(see="ChooseKinds"),
    Step(tap="pick juminhyo"),
    Step(see="ChooseKinds", where={"copies": 1}),
    Step(tap="main"),
    Step(see="ChooseOptions"),
    Step(tap="main"),
    Step(see="Confirm"),
)


AGAIN_AFTER_S = 3.0
COIN, NOTE, CANCEL = ("insert-coin", "500"), ("insert-note", "1000"), ("insert-coin", "100")
"""What is put in; CANCEL is too little, and she wants it back."""
TAKEN = ("taken certificate", "taken change", "taken money", "taken receipt")
WANTED = {
    "OfferBack": ("main",),
    "TakeThings": TAKEN,
    "Done": ("main",),
    "Notice": ("main",),
    "Trouble": ("main.end", "main"),
}
"""What a resident touches on each of these."""


class Kiosk:
    """A run whose core can be told to die at its N-th moment from now (kill_at_write.c)."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._touched, self._touched_s = -1, 0.0
        out.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-o", str(out / "kill.so"), str(SHIM), "-ldl"], check=True
        )
        preload = ("--core-env", "LD_PRELOAD=/run/sim/kill.so")
        armed_by = ("--core-env", "KILL_AT=/run/sim/state/core/kill-at")
        self.session = Session(out, ["--person", "hanako", *preload, *armed_by])
        self.armed = out / "state" / "core" / "kill-at"

    def arm(self, *deaths: tuple[int, str]) -> None:
        """The second is that of the core which recovers from the first."""
        self.armed.write_text("".join(f"{at} {when}\n" for at, when in deaths))
        self.armed.chmod(0o666)

    def disarm(self) -> bool:
        """True when it was still armed: the core did not come so far."""
        was_armed = self.armed.exists()
        self.armed.unlink(missing_ok=True)
        return was_armed

    def to_confirm(self) -> None:
        """As far as the last question before money, with the right PIN."""
        Runner(self.session.do, Journey(title={}, steps=list(TO_CONFIRM)), "ja", lambda _: None).walk()

    def stir_the_counter(self) -> None:
        """A coin that nobody wants moves the acceptor's counter off 0, where it would be no evidence of anything."""
        assert self.session.do("insert-coin", "100")["returned"] == 1

    def confirm_and_pay(self, hand: tuple[str, str] = COIN, within_s: float = 150.0) -> list[str]:
        """Go on as a resident who wants the paper, and takes the money when it is offered; the screens seen."""
        self.session.do("tap", "main")
        seen: list[str] = []
        has_paid = False
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            body, fields = self._look()
            if body and (not seen or seen[-1] != body):
                seen.append(body)
            if body == "Attract" and len(seen) > 1:
                return seen
            if body == "Pay" and fields["accepted"] and not has_paid and not fields["is_closing"]:
                has_paid = self._put_in(hand)
            elif body == "Pay" and has_paid and hand is CANCEL and fields["inserted"]:
                self._touch("cancel")
            elif body == "TakeNote":
                with suppress(MadoguchiError):  # it is not out yet, or taken
                    self.session.do("take-note")
            elif body:
                self._touch_what_is_there(body)
            time.sleep(0.05)
        raise AssertionError(f"after {within_s:.0f} s the kiosk is not ready for the next resident: {seen}")

    def _touch(self, key: str) -> None:
        with suppress(MadoguchiError):  # the screen went on meanwhile
            self.session.do("tap", key)

    def _put_in(self, hand: tuple[str, str]) -> bool:
        answer = self.session.do(*hand)
        return bool(answer.get("drawn_in") or answer.get("accepted"))

    def _look(self) -> tuple[str, Mapping[str, Any]]:
        try:
            shown = self.session.do("history")["shown"]
            if self.session.do("screen")["body"] == "Connecting" or not shown:
                return "", {}
        except MadoguchiError:
            return "", {}
        return shown[-1]["body"], shown[-1]["fields"]

    def _touch_what_is_there(self, body: str) -> None:
        """One touch for what is shown now; the main action again only after a while, as a person would."""
        try:
            shown = self.session.do("screen")
            if shown["body"] != body:
                return
            targets = self.session.do("layout")["targets"]
            for key in WANTED.get(body, ()):
                is_new = shown["rev"] != self._touched or time.monotonic() - self._touched_s > AGAIN_AFTER_S
                if key in targets and (key != "main" or is_new):
                    self._touched, self._touched_s = shown["rev"], time.monotonic()
                    self.session.do("tap", key)
                    return
        except MadoguchiError:
            return  # the screen went on meanwhile

    def books(self) -> Mapping[str, Any]:
        return check_journal(journal_of(self.out))

    def pieces(self) -> dict[str, dict[str, int]]:
        """What lies in each unit, truly."""
        return {unit: faces for unit, faces in pieces_there(self.session.do("state")).items() if faces}

    def booked_pieces(self) -> dict[str, dict[str, int]]:
        units = self.books()["units"]
        return {name: unit["pieces"] for name, unit in units.items() if unit["pieces"]}
