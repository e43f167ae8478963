"""The demo machine's and the demo town's configuration: files like any kiosk's, in demo/."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "demo"
NAMES = ("machine.toml", "municipality.toml")
HOPPERS = ("hopper10", "hopper50", "hopper100", "hopper500")
BOXES = ("recycler1000",)


def files(flow: str) -> dict[str, str]:
    """Name and text of each, in the order in which the core reads them; a later one's keys count."""
    found = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NAMES}
    found["run.toml"] = f'[machine]\nflow = "{flow}"\n'
    return found
