"""`kiosk-sim ipp`: Debian's ippeveprinter with a paper path that can be slow, jam, run empty and die."""

from drivers.ipp.sim.printer import main

__all__ = ["main"]
