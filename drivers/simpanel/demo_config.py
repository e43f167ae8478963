"""The demo machine's and the demo town's configuration: files like any kiosk's, in demo/."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "demo"
NAMES = ("machine.toml", "municipality.toml")
HOPPERS = ("hopper10", "hopper50", "hopper100", "hopper500")


def texts() -> tuple[str, ...]:
    """The files, in the order in which the core reads them."""
    return tuple((FOLDER / name).read_text(encoding="utf-8") for name in NAMES)
