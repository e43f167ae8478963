"""What is done once a screen has been seen, and never while a touch waits for its answer: memory is given back."""

from __future__ import annotations

import ctypes
import gc

from screens import fonts


def tidy() -> None:
    """Free what nobody holds, and hand the empty pages to the kernel. Milliseconds; nothing on the screen changes."""
    gc.collect()
    fonts.let_go()
    give_back()


def give_back() -> None:
    """Hand back the empty pages of the C library's heap (malloc_trim(3)).

    The texts of seventeen languages come and go in every size and leave holes all over it. Left to itself it gives back
    only its end, and grows visit by visit although no more of it is in use (benchmarks/screens.md).
    """
    ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
