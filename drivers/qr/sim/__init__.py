"""A code gateway and the phones before it: `kiosk-sim qr-gateway`."""

from drivers.qr.sim.main import main

__all__ = ["main"]
