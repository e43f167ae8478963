"""A change machine without hardware: `kiosk-sim changer`."""

from drivers.changer.sim.main import main

__all__ = ["main"]
