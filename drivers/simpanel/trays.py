"""Gravity: what printers and hoppers put out lies in a tray until a hand takes it, and a sensor sees it there.

Printers, coin unit and sensors are processes that know nothing of one another, as in a cabinet; what falls from one
past the other is done here, once every LOOK_S.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from drivers.simpanel import parts
from drivers.transport.control import request
from kiosk.errors import MadoguchiError

if TYPE_CHECKING:
    from drivers.simpanel.control import Control

LOOK_S = 0.1
THINGS = ("certificate", "spare", "receipt", "change")


class Trays:
    """One thread for as long as the run lasts."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._told: dict[str, bool] = {}

    def start(self) -> None:
        threading.Thread(target=self._run, name="trays", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            for thing in THINGS:
                try:
                    self._look(thing)
                except (MadoguchiError, OSError):  # that simulator is away: nothing falls
                    self._told.pop(thing, None)
            pause.wait(LOOK_S)

    def _look(self, thing: str) -> None:
        lies = self._control.coins_lie() if thing == "change" else bool(self._control.lying(thing))
        if self._told.get(thing) is not lies:
            request(parts.control("modbus"), "fill" if lies else "take", thing)
            self._told[thing] = lies
