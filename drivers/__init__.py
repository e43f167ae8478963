"""Devices: each folder a pure codec, a pure device machine, a thin driver and a simulator at the wire."""
