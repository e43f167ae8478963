"""A note recycler without hardware that knows how many notes are where."""

from drivers.id003.sim.main import main

__all__ = ["main"]
