"""Five keys instead of a finger: which presses count, and what each key means. Pure.

    down next · up previous · right on to the next part (screen, bar) · left say it again · middle press
    louder, softer, faster, slower · voice on and off · screen dark and light

A held key counts once: there is no key repeat (EN 301 549 5.6 asks that it can be slow; never is slowest). The same key
within `double_strike_s` is one strike of a trembling finger (EN 301 549 5.7). Digits never come this way: the marked
ten-key belongs to the card process.
"""

from __future__ import annotations

import enum
from typing import Final

DOUBLE_STRIKE_S: Final = 0.08
DOUBLE_STRIKE_MOST_S: Final = 0.5


class Key(enum.Enum):
    """A key of the pad."""

    NEXT = "next"
    PREVIOUS = "previous"
    PART = "part"
    AGAIN = "again"
    PRESS = "press"
    LOUDER = "louder"
    SOFTER = "softer"
    FASTER = "faster"
    SLOWER = "slower"
    VOICE = "voice"
    """The marked key: speech begins without headphones."""
    CURTAIN = "curtain"


CODES: Final[dict[int, Key]] = {
    274: Key.NEXT,
    273: Key.PREVIOUS,
    275: Key.PART,
    276: Key.AGAIN,
    13: Key.PRESS,
    271: Key.PRESS,
    32: Key.PRESS,
    270: Key.LOUDER,
    269: Key.SOFTER,
    1073741952: Key.LOUDER,
    1073741953: Key.SOFTER,
    280: Key.FASTER,
    281: Key.SLOWER,
    278: Key.VOICE,
    279: Key.CURTAIN,
}
"""SDL's codes as Kivy gives them: arrows, enter (of either block), space; plus and minus of the number block or a
pad's volume keys; page up and down; home; end."""


class Strikes:
    """Which presses count."""

    def __init__(self, double_strike_s: float = DOUBLE_STRIKE_S) -> None:
        self._least_s = min(max(0.0, double_strike_s), DOUBLE_STRIKE_MOST_S)
        self._held: set[int] = set()
        self._last: dict[int, float] = {}

    def down(self, code: int, now_s: float) -> bool:
        """True if this press counts: not while it is held, not twice by one tremble."""
        if code in self._held:
            return False
        self._held.add(code)
        before = self._last.get(code)
        self._last[code] = now_s
        return before is None or now_s - before >= self._least_s

    def up(self, code: int) -> None:
        self._held.discard(code)
