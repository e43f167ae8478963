"""The demo machine's and the demo town's configuration: files like any kiosk's, in demo/."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "demo"
NAMES = ("machine.toml", "municipality.toml")
HOPPERS = ("hopper10", "hopper50", "hopper100", "hopper500")
BOXES = ("recycler1000",)


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
inputs = { certificate = 0, change = 1, receipt = 2, emergency = 3 }
outputs = { call = 0, buzzer = 1 }
"""
WITH_SENSORS = """
[equipment]
panel = "panel1"

[profile]
exit_sensors = ["certificate", "change", "receipt"]
"""


def files(
    flow: str, has_camera: bool = False, has_cashless: bool = False, has_sensors: bool = False
) -> dict[str, str]:
    """Name and text of each, in the order in which the core reads them; a later one's keys count."""
    found = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NAMES}
    found["run.toml"] = f'[machine]\nflow = "{flow}"\n'
    if has_camera:
        found["machine.toml"] += CAMERA
        found["run.toml"] += WITH_CAMERA if has_cashless else WITH_FACE
    if has_sensors:
        found["machine.toml"] += SENSORS
        found["sensors.toml"] = WITH_SENSORS
    if has_cashless:
        for name, more in CASHLESS.items():
            found[name] += (FOLDER / more).read_text(encoding="utf-8")
    return found
