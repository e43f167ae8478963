"""Names of drivers and simulators, imported late, so that a missing vendor library never breaks start-up.

A driver that lives outside this tree joins through the entry point group `madoguchi.drivers`.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from kiosk.errors import ConfigError
from kiosk.ports import Factory

DRIVERS: dict[str, str] = {
    "card_service": "drivers.card_service.client:create",
    "cashless": "drivers.cashless.driver:create",
    "cctalk": "drivers.cctalk.driver:create",
    "changer": "drivers.changer.driver:create",
    "id003": "drivers.id003.driver:create",
    "ipp": "drivers.ipp.driver:create",
    "modbus": "drivers.modbus.driver:create",
    "escpos": "drivers.escpos.driver:create",
    "face": "drivers.face.client:create",
    "panel_io": "drivers.panel_io.driver:create",
    "qr": "drivers.qr.driver:create",
    "read": "drivers.voice.client:create",
    "webhook": "drivers.webhook.driver:create",
}

SIMULATORS: dict[str, str] = {
    "camera": "drivers.face.sim:main",
    "card": "drivers.jpki.sim.main:main",
    "cctalk": "drivers.cctalk.sim:main",
    "changer": "drivers.changer.sim:main",
    "escpos": "drivers.escpos.sim:main",
    "id003": "drivers.id003.sim:main",
    "ipp": "drivers.ipp.sim:main",
    "lamp": "drivers.panel_io.sim:main",
    "modbus": "drivers.modbus.sim:main",
    "qr-gateway": "drivers.qr.sim:main",
    "terminal": "drivers.cashless.sim:main",
    "webhook": "drivers.webhook.sim:main",
}


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def driver(name: str) -> Factory:
    """The factory of that driver; ConfigError when no one offers it."""
    if name in DRIVERS:
        return _load(DRIVERS[name])  # type: ignore[no-any-return]  # the table is tested
    for point in entry_points(group="madoguchi.drivers", name=name):
        return point.load()  # type: ignore[no-any-return]  # a vendor's own promise
    raise ConfigError(f"no driver of this name: {name}")


def simulator(name: str) -> Any:
    """`main(argv) -> int` of that simulator; ConfigError when there is none (an appliance has none)."""
    if name not in SIMULATORS:
        raise ConfigError(f"no simulator of this name: {name}")
    return _load(SIMULATORS[name])
