"""`kiosk-sim escpos`: a receipt printer on a pty or TCP port that keeps each slip as a picture."""

from drivers.escpos.sim.process import main

__all__ = ["main"]
