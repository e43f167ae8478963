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


def files(flow: str, has_camera: bool = False) -> dict[str, str]:
    """Name and text of each, in the order in which the core reads them; a later one's keys count."""
    found = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NAMES}
    found["run.toml"] = f'[machine]\nflow = "{flow}"\n'
    if has_camera:
        found["machine.toml"] += CAMERA
        found["run.toml"] += WITH_FACE
    return found
