"""A ccTalk bus without hardware: an acceptor and hoppers that know how many coins are where."""

from drivers.cctalk.sim.main import main

__all__ = ["main"]
