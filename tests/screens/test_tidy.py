"""What was freed is the kernel's again, and a screen that was left is freed at once: memory stays flat."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from screens import samples, tidy
from tests.screens.window import show, undrawn

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


def test_a_screen_that_is_left_is_freed_without_a_collection_of_garbage() -> None:
    of_each_body = {type(samples.sample(name).body): name for name in reversed(samples.names())}
    left = {}
    gc.disable()
    try:
        with undrawn():
            for name in of_each_body.values():
                app = show(name)
                app.tick()
                left[name] = [weakref.ref(each) for each in app.frame.screen.within()]
            show("attract")
        alive = {
            name: {type(ref()).__name__ for ref in refs if ref() is not None} for name, refs in left.items()
        }
    finally:
        gc.enable()
    assert len(left) > 20
    assert {name: kinds for name, kinds in alive.items() if kinds} == {}
