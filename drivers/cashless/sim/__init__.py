"""A payment terminal without hardware: `kiosk-sim terminal`."""

from drivers.cashless.sim.main import main

__all__ = ["main"]
