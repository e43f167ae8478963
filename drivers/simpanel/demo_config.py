"""The demo machine's and the demo town's configuration: files like any kiosk's, in demo/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "demo"
NAMES = ("machine.toml", "municipality.toml")
HOPPERS = ("hopper10", "hopper50", "hopper100", "hopper500")
BOXES = ("recycler1000",)
LAMP_PORT = 10000
MESSAGE_PORT = 8653


CAMERA = """
[[device]]
id = "camera1"
driver = "face"
"""
"""Beside the machine's other devices."""
WITH_FACE = """
[equipment]
camera = "camera1"

[identity]
certificate = "pin+face"
staff_look = true
"""


WITH_CAMERA = """
[equipment]
camera = "camera1"
"""
"""Only for the codes of phones: no face is compared."""
CASHLESS = {"machine.toml": "cashless-machine.toml", "municipality.toml": "cashless-town.toml"}


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
WITH_SENSORS = """
[equipment]
panel = "panel1"

[profile]
exit_sensors = ["certificate", "change", "receipt"]
"""


CHANGER = """
[[device]]
id = "changer1"
driver = "changer"
options = { port = "/run/bench/changer/tty" }
"""
WITH_CHANGER = """
[equipment]
changer = "changer1"
faces = ["coin10", "coin50", "coin100", "coin500", "note1000"]

[equipment.hoppers]
stack10 = "coin10"
stack50 = "coin50"
stack100 = "coin100"
stack500 = "coin500"
stack1000 = "note1000"
"""
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
"""
WITH_SPARE = """
[equipment]
spare_printer = "certificate2"

[equipment.slots]
certificate1 = "left"
certificate2 = "right"
"""
SPARE_WATCHED = """
[profile]
exit_sensors = ["certificate", "spare", "change", "receipt"]
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
CALLING = {"lamp": ("lamp1", LAMP), "messenger": ("message1", MESSAGE)}


HOME = "/run/sim/state/core/enrolment/"
TRAINING_HOME = "/run/sim/state/core/training/"
TRAINING = f"""
[paths]
journal = "{TRAINING_HOME}journal.db"
"""
"""A journal and a key of its own, in a place that says so: the core takes no other in training."""


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


def files(shape: Shape = Shape()) -> dict[str, str]:  # frozen
    """Name and text of each, in the order in which the core reads them; a later one's keys count."""
    found = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NAMES}
    found["run.toml"] = f'[machine]\nflow = "{shape.flow}"\n'
    if shape.has_changer:
        found["machine.toml"] = _OTHER_CASH.sub("", found["machine.toml"]) + CHANGER
        found["changer.toml"] = WITH_CHANGER
    if shape.is_training:
        found["machine.toml"] = found["machine.toml"].replace(HOME, TRAINING_HOME)
        found["run.toml"] += f'mode = "training"\n{TRAINING}'
    if shape.has_camera:
        found["machine.toml"] += CAMERA
        found["run.toml"] += WITH_CAMERA if shape.has_cashless else WITH_FACE
    if shape.has_sensors:
        found["machine.toml"] += SENSORS
        found["sensors.toml"] = WITH_SENSORS
    if shape.has_spare:
        found["machine.toml"] += SPARE
        found["spare.toml"] = WITH_SPARE + (SPARE_WATCHED if shape.has_sensors else "")
    for role, has in (("lamp", shape.has_lamp), ("messenger", shape.has_message)):
        if has:
            device, text = CALLING[role]
            found["machine.toml"] += text
            found[f"{role}.toml"] = f'[equipment]\n{role} = "{device}"\n'
    if shape.has_cashless:
        for name, more in CASHLESS.items():
            found[name] += (FOLDER / more).read_text(encoding="utf-8")
    return found
