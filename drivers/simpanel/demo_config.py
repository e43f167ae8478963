"""The demo machine's and the demo town's configuration: files like any kiosk's, in demo/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "demo"
NAMES = ("machine.toml", "municipality.toml")
HOPPERS = ("hopper10", "hopper50", "hopper100", "hopper500")
BOXES = ("recycler1000",)
STAFF_PIN = "123456"
"""Of every demo staff card, as drivers/piv/sim.py makes them."""
LAMP_PORT = 10000
MESSAGE_PORT = 8653


CAMERA = """
[[device]]
id = "camera1"
driver = "face"
"""
"""Beside the machine's other devices."""
WITH_FACE = """
[identity]
certificate = "pin+face"
staff_look = true
"""
CASHLESS = ("cashless-machine.toml", "cashless-town.toml")


SENSORS = """
[[device]]
id = "panel1"
driver = "modbus"

[device.options]
port = "/run/bench/modbus/tty"
parity = "N"                        # a pty refuses even parity; a real line: "E"
inputs = { certificate = 0, change = 1, receipt = 2, emergency = 3, spare = 4 }
outputs = { call = 0, buzzer = 1 }
"""


CHANGER = """
[[device]]
id = "changer1"
driver = "changer"
options = { port = "/run/bench/changer/tty" }

[equipment.hoppers]
stack10 = "coin10"
stack50 = "coin50"
stack100 = "coin100"
stack500 = "coin500"
stack1000 = "note1000"
"""
WITH_CHANGER = """changer = "changer1"
faces = ["coin10", "coin50", "coin100", "coin500", "note1000"]"""
STACKS = ("stack10", "stack50", "stack100", "stack500", "stack1000")
_OTHER_CASH = re.compile(
    r'^acceptor = .*?^recycler1000 = "note1000"\n'
    r'|^\[\[device\]\]\nid = "cash"\n.*?(?=^\[\[device\]\]\nid = "certificate1")',
    re.DOTALL | re.MULTILINE,
)
"""Coin and note unit in the machine's file: what a change machine replaces."""


SPARE = """
[[device]]
id = "certificate2"
driver = "ipp"
options = { uri = "ipp://localhost:8632/ipp/print", sides = "two-sided-long-edge" }

[equipment.slots]
certificate1 = "left"
certificate2 = "right"
"""


LAMP = f"""
[[device]]
id = "lamp1"
driver = "panel_io"
options = {{ host = "127.0.0.1", port = {LAMP_PORT}, poll_s = 1.0 }}
"""
MESSAGE = f"""
[[device]]
id = "message1"
driver = "webhook"
options = {{ url = "http://127.0.0.1:{MESSAGE_PORT}/kiosk", machine = "kiosk-demo-1" }}
"""


STAFF_READER = """
[[device]]
id = "staffcard"
driver = "card_service"
options = { allow_virtual = true, reader = "00 01" }
"""
"""The virtual reader's second place. Of a real one: a part of its name, as `kiosk-card readers` tells it."""


HOME = "/run/sim/state/core/enrolment/"
TRAINING_HOME = "/run/sim/state/core/training/"
"""A key and a journal of its own, in a place that says so: the core takes no other in training."""


@dataclass(frozen=True)
class Shape:
    """What this run's machine is and has, beside what every one has."""

    flow: str = "konbini"
    has_camera: bool = False
    has_cashless: bool = False
    has_sensors: bool = False
    has_spare: bool = False
    has_lamp: bool = False
    has_message: bool = False
    is_training: bool = False
    has_changer: bool = False
    """A change machine is the only cash."""
    has_staff_reader: bool = False


def files(shape: Shape = Shape()) -> dict[str, str]:
    """Name and text of each, in the order in which the core reads them."""
    machine, town = ((FOLDER / name).read_text(encoding="utf-8") for name in NAMES)
    machine = _with(machine, "machine", f'flow = "{shape.flow}"')
    if shape.has_changer:
        machine = _with(_OTHER_CASH.sub("", machine), "equipment", WITH_CHANGER) + CHANGER
    if shape.is_training:
        machine = machine.replace(HOME, TRAINING_HOME).replace('mode = "demo"', 'mode = "training"')
        machine = _with(machine, "paths", f'journal = "{TRAINING_HOME}journal.db"')
    if shape.has_camera:
        machine = _with(machine, "equipment", 'camera = "camera1"') + CAMERA
        machine += "" if shape.has_cashless else WITH_FACE
    if shape.has_sensors:
        machine = machine.replace("exit_sensors = []\n", "")
        spare = '"spare", ' if shape.has_spare else ""
        machine = _with(machine, "profile", f'exit_sensors = ["certificate", {spare}"change", "receipt"]')
        machine = _with(machine, "equipment", 'panel = "panel1"') + SENSORS
    if shape.has_spare:
        machine = _with(machine, "equipment", 'spare_printer = "certificate2"') + SPARE
    if shape.has_staff_reader:
        machine = _with(machine, "equipment", 'staff_reader = "staffcard"') + STAFF_READER
    if shape.has_lamp:
        machine = _with(machine, "equipment", 'lamp = "lamp1"') + LAMP
    if shape.has_message:
        machine = _with(machine, "equipment", 'messenger = "message1"') + MESSAGE
    if shape.has_cashless:
        machine += (FOLDER / CASHLESS[0]).read_text(encoding="utf-8")
        town += (FOLDER / CASHLESS[1]).read_text(encoding="utf-8")
    return dict(zip(NAMES, (machine, town), strict=True))


def _with(text: str, table: str, line: str) -> str:
    """A further key at the head of that table."""
    return text.replace(f"\n[{table}]\n", f"\n[{table}]\n{line}\n", 1)
