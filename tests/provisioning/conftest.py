"""The one machine that all tests of this folder share."""

from tests.provisioning.room import booted, installed, machine

__all__ = ["booted", "installed", "machine"]
