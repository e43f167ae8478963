"""Turn your head when asked: which turns, after which pauses, and whether they came. Pure.

What it is for. A flat picture has no depth: held straight, its nose never moves between the eyes (measure.turn_of);
tilted about a slanting axis it does, but then the eyes keep their proportion, which a turning head's do not
(measure.eyes_of).
Both must be seen at once. A recording of a head that turns has depth, but it does not know the questions: the sides,
and the moments, because a turn that nobody asked for counts against it. What it is not for: a flat picture tilted by
more than 45 degrees, one bent around a face, a mask, a screen that is steered, a face put into the camera's cable
(README.md).
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from kiosk.ports import TurnDirection

TURNS: Final = 4
"""A recording shown blindly passes three once in ten times, four once in seventy (tests/face)."""
ATTEMPTS: Final = 2
"""Left and right are mixed up by honest people too: one more time, with other turns."""
TURN_WITHIN_S: Final = 5.0
"""Time for one turn, and as much to come back."""

TURNED: Final = 0.09
"""From one's own front, about 18 degrees; the points tremble by 0.02."""
TURNED_EYES: Final = 0.14
"""What 15 to 20 degrees do to the eyes' proportion; tilting by up to 45 degrees does less (tests/face)."""
TURNED_MOST: Final = 0.22
"""More is no head that still looks into the camera."""
FRONT: Final = 0.045
SETTLED_FRAMES: Final = 3
"""A turn counts when that many frames in a row show it: one frame may lie."""
_PAUSE_SHORTEST_S: Final = 0.4
_PAUSE_STEP_S: Final = 0.1
_PAUSE_STEPS: Final = 13
_SIDES: Final = tuple(sides for sides in product((True, False), repeat=TURNS) if len(set(sides)) > 1)


@dataclass(frozen=True, slots=True)
class Question:
    pause_s: float
    """To stay in front before the turn is asked."""
    direction: TurnDirection


def questions(seed: bytes, attempt: int) -> tuple[Question, ...]:
    """The turns of one attempt, never all to one side: a picture that is tilted can look turned, but to one side only.

    The same seed gives the same turns; a fresh seed is 16 random bytes.
    """
    drawn = hashlib.sha256(b"madoguchi/turns/1" + bytes([attempt]) + seed).digest()
    sides = _SIDES[int.from_bytes(drawn[:8]) % len(_SIDES)]
    return tuple(
        Question(
            _PAUSE_SHORTEST_S + _PAUSE_STEP_S * (drawn[8 + index] % _PAUSE_STEPS),
            TurnDirection.LEFT if is_left else TurnDirection.RIGHT,
        )
        for index, is_left in enumerate(sides)
    )


class Step(enum.Enum):
    """What just happened."""

    NOTHING = "nothing"
    ASKED = "asked"
    SEEN = "seen"
    RESTARTED = "restarted"
    PASSED = "passed"
    FAILED = "failed"


class Phase(enum.Enum):
    PAUSE = "pause"
    TURN = "turn"
    RETURN = "return"
    OVER = "over"


@dataclass(slots=True)
class Turns:
    """Fed with the turn and the eyes of every frame. `front` and `eyes` are this person's own, measured before."""

    seed: bytes
    front: float
    eyes: float = 0.0
    phase: Phase = Phase.PAUSE
    reason: str = ""
    _attempt: int = 0
    _index: int = 0
    _since_s: float | None = None
    _in_a_row: int = 0
    _wrong_in_a_row: int = 0
    _left: tuple[Question, ...] = field(default=())

    def __post_init__(self) -> None:
        self._left = questions(self.seed, 0)

    @property
    def asked(self) -> TurnDirection | None:
        """The turn that is asked for now."""
        return self._left[self._index].direction if self.phase is Phase.TURN else None

    @property
    def is_in_front(self) -> bool:
        """Whether nothing is asked, so that the face may be compared."""
        return self.phase is Phase.PAUSE

    @property
    def done(self) -> int:
        """How many turns of this attempt are behind us."""
        return max(self._index, 0)

    def lose(self, at_s: float) -> Step:
        """The face went away, or jumped: an attempt is lost, for another head may have come."""
        return Step.NOTHING if self.phase is Phase.OVER else self._fail(at_s, "lost")

    def see(self, at_s: float, turn: float, eyes: float, may_ask: bool = True) -> Step:
        """One frame; times never go back. Without `may_ask` a pause does not end."""
        if self._since_s is None:
            self._since_s = at_s
        off = turn - self.front
        match self.phase:
            case Phase.PAUSE:
                return self._pause(at_s, off, may_ask)
            case Phase.TURN:
                return self._turn(at_s, off, eyes - self.eyes)
            case Phase.RETURN:
                return self._return(at_s, off)
            case Phase.OVER:
                return Step.NOTHING

    def _pause(self, at_s: float, off: float, may_ask: bool) -> Step:
        if self._is_wrong(abs(off) >= TURNED):
            return self._fail(at_s, "turn-not-asked")
        if not may_ask or at_s - self._begun_s < self._left[self._index].pause_s:
            return Step.NOTHING
        self._enter(Phase.TURN, at_s)
        return Step.ASKED

    def _turn(self, at_s: float, off: float, eyes: float) -> Step:
        side = 1.0 if self._left[self._index].direction is TurnDirection.LEFT else -1.0
        wanted = side * off
        if self._is_wrong(wanted <= -TURNED):
            return self._fail(at_s, "other-turn")
        is_turned = TURNED <= wanted <= TURNED_MOST and -side * eyes >= TURNED_EYES
        self._in_a_row = self._in_a_row + 1 if is_turned else 0
        if self._in_a_row >= SETTLED_FRAMES:
            self._enter(Phase.RETURN, at_s)
            return Step.SEEN
        return self._fail(at_s, "no-turn") if self._is_late(at_s) else Step.NOTHING

    def _return(self, at_s: float, off: float) -> Step:
        self._in_a_row = self._in_a_row + 1 if abs(off) <= FRONT else 0
        if self._in_a_row < SETTLED_FRAMES:
            return self._fail(at_s, "no-return") if self._is_late(at_s) else Step.NOTHING
        self._index += 1
        if self._index == TURNS:
            self._enter(Phase.OVER, at_s)
            return Step.PASSED
        self._enter(Phase.PAUSE, at_s)
        return Step.NOTHING

    @property
    def _begun_s(self) -> float:
        return self._since_s or 0.0

    def _is_late(self, at_s: float) -> bool:
        return at_s - self._begun_s > TURN_WITHIN_S

    def _is_wrong(self, is_wrong: bool) -> bool:
        self._wrong_in_a_row = self._wrong_in_a_row + 1 if is_wrong else 0
        return self._wrong_in_a_row >= SETTLED_FRAMES

    def _enter(self, phase: Phase, at_s: float) -> None:
        self.phase, self._since_s = phase, at_s
        self._in_a_row = self._wrong_in_a_row = 0

    def _fail(self, at_s: float, reason: str) -> Step:
        self._attempt += 1
        self.reason = reason
        if self._attempt == ATTEMPTS:
            self._enter(Phase.OVER, at_s)
            return Step.FAILED
        self._left, self._index = questions(self.seed, self._attempt), -1  # 0 once back in front
        self._enter(Phase.RETURN, at_s)
        return Step.RESTARTED
