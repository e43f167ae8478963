"""What was freed is the kernel's again: RSS says how much is in use, not how much once was."""

from __future__ import annotations

from pathlib import Path

from screens import tidy

_BLOCKS, _BLOCK_BYTES = 300, 100_000  # below the size from which the C library maps each block by itself


def _own_kb() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous:")).split()[1])


def test_holes_in_the_heap_are_given_back() -> None:
    large, pins = [], []
    for _ in range(_BLOCKS):
        large.append(bytearray(b"x") * _BLOCK_BYTES)
        pins.append(bytearray(b"x") * 1000)  # stays, so that the hole is not at the heap's end
    held = _own_kb()
    large.clear()
    tidy.give_back()
    assert held - _own_kb() > 0.8 * _BLOCKS * _BLOCK_BYTES / 1024
    assert all(pin == b"x" * 1000 for pin in pins)
