"""One face check from the first frame to its verdict: fed with measurements, answers with events. Pure.

    FIND    good frames until the front is known, and the face compared: not this person, or
    TURNS   turns of the head (liveness.py); in the pauses before all but the first it is compared again
    LAST    once more in front, compared: the verdict

The worst of the later comparisons counts, so that the head that turned is the head that matched.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from drivers.face.liveness import Step, Turns
from drivers.face.measure import Measurement, eyes_of, turn_of
from drivers.face.quality import Limits, hint
from kiosk.ids import DeviceId, OpId
from kiosk.ports import (
    Event,
    FaceBand,
    FaceBox,
    FaceHint,
    FaceHintCode,
    FaceJudged,
    FaceOutcome,
    FaceTurnAsked,
    FaceTurnEnded,
)

CHECK_WITHIN_S: Final = 90.0
FRONT_FRAMES: Final = 5
TRIES_TO_MATCH: Final = 3
"""The first comparison may fall on a bad moment (a blink, a word); the later ones may not."""
LOST_AFTER_S: Final = 0.7
HINT_EVERY_S: Final = 0.25
JUMP: Final = 0.6
"""Of the face's width between two frames that follow each other closely."""
CLOSELY_S: Final = 0.2
CLEAR_BY: Final = 0.1


class Phase(enum.Enum):
    FIND = "find"
    TURNS = "turns"
    LAST = "last"
    OVER = "over"


@dataclass(slots=True)
class FaceCheck:
    device: DeviceId
    op: OpId
    seed: bytes
    threshold: float
    limits: Limits = field(default_factory=Limits)
    phase: Phase = Phase.FIND
    _began_s: float | None = None
    _fronts: list[float] = field(default_factory=list)
    _eyes: list[float] = field(default_factory=list)
    _distances: list[float] = field(default_factory=list)
    _tries: int = 0
    _turns: Turns | None = None
    _compared_at: int = 0
    """The turn before which the face was compared last."""
    _last_box: FaceBox | None = None
    _last_seen_s: float = 0.0
    _is_lost: bool = False
    _said: FaceHintCode | None = None
    _said_at_s: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.OVER

    @property
    def wants_distance(self) -> bool:
        """Whether the next frame in front is to be compared with the photo (it costs a tenth of a second)."""
        match self.phase:
            case Phase.FIND:
                return len(self._fronts) >= FRONT_FRAMES
            case Phase.TURNS:
                return self._is_due()
            case Phase.LAST:
                return True
            case Phase.OVER:
                return False

    def see(self, seen: Measurement) -> Iterator[Event]:
        """One frame; times never go back. After FaceJudged nothing more comes."""
        if self.is_over:
            return
        if self._began_s is None:
            self._began_s = self._last_seen_s = seen.at_s
        if seen.at_s - self._began_s > CHECK_WITHIN_S:
            yield self._judge(FaceOutcome.NOT_JUDGED, "time")
            return
        code = hint(seen, self.limits)
        is_front = code is FaceHintCode.GOOD
        if self.phase is not Phase.FIND and code is FaceHintCode.LOOK_HERE:
            code = FaceHintCode.GOOD  # a head that turns
        yield from self._say(code, seen)
        yield from self._follow(seen)
        if seen.faces != 1 or seen.points is None or self.is_over:
            return
        match self.phase:
            case Phase.FIND:
                yield from self._find(seen, is_front)
            case Phase.TURNS:
                yield from self._turn(seen)
            case Phase.LAST if is_front and seen.distance is not None:
                yield self._compare_last(seen.distance)

    def give_up(self, reason: str) -> FaceJudged | None:
        """It ended from outside (stopped, camera lost, forbidden); None when it had ended."""
        return None if self.is_over else self._judge(FaceOutcome.NOT_JUDGED, reason)

    # --- hints ----------------------------------------------------------------------------------------------

    def _say(self, code: FaceHintCode, seen: Measurement) -> Iterator[Event]:
        if code is not self._said or seen.at_s - self._said_at_s >= HINT_EVERY_S:
            self._said, self._said_at_s = code, seen.at_s
            yield FaceHint(self.device, code, seen.box if seen.faces == 1 else None)

    # --- one face, the same face ----------------------------------------------------------------------------

    def _follow(self, seen: Measurement) -> Iterator[Event]:
        """Lost for a while, or somewhere else at once: whatever was shown before is worth nothing."""
        is_here = seen.faces == 1 and seen.box is not None
        if is_here:
            is_changed = self._has_jumped(seen)
            self._last_box, self._last_seen_s, self._is_lost = seen.box, seen.at_s, False
        else:
            is_changed = not self._is_lost and seen.at_s - self._last_seen_s > LOST_AFTER_S
            self._is_lost = self._is_lost or is_changed
        if not is_changed:
            return
        match self.phase:
            case Phase.FIND:
                self._forget_front()
            case Phase.TURNS if self._turns is not None:
                self._compared_at = -1
                yield from self._told(self._turns.lose(seen.at_s), self._turns)
            case Phase.LAST:
                yield self._judge(FaceOutcome.NOT_LIVE, "lost")

    def _has_jumped(self, seen: Measurement) -> bool:
        before, now = self._last_box, seen.box
        if before is None or now is None or seen.at_s - self._last_seen_s > CLOSELY_S:
            return False
        off = max(abs(now.left + now.right - before.left - before.right) / 2, abs(now.top - before.top))
        return off > JUMP * (before.right - before.left)

    # --- the phases -----------------------------------------------------------------------------------------

    def _find(self, seen: Measurement, is_front: bool) -> Iterator[Event]:
        if not is_front or seen.points is None:
            self._forget_front()
            return
        self._fronts.append(turn_of(seen.points))
        self._eyes.append(eyes_of(seen.points))
        if seen.distance is None:
            return
        self._tries += 1
        if seen.distance <= self.threshold:
            self._distances = [seen.distance]
            self._turns = Turns(self.seed, statistics.median(self._fronts), statistics.median(self._eyes))
            self.phase = Phase.TURNS
        elif self._tries == TRIES_TO_MATCH:
            self._distances = [seen.distance]
            yield self._judge(FaceOutcome.NOT_MATCHED, "threshold")

    def _forget_front(self) -> None:
        self._fronts.clear()
        self._eyes.clear()

    def _is_due(self) -> bool:
        turns = self._turns
        return turns is not None and turns.is_in_front and self._compared_at != turns.done

    def _turn(self, seen: Measurement) -> Iterator[Event]:
        turns = self._turns
        if turns is None or seen.points is None:
            return
        if seen.distance is not None and turns.is_in_front:
            self._distances.append(seen.distance)
            self._compared_at = turns.done
        if max(self._distances) > self.threshold:
            yield self._judge(FaceOutcome.NOT_MATCHED, "threshold")
            return
        turn, eyes = turn_of(seen.points), eyes_of(seen.points)
        step = turns.see(seen.at_s, turn, eyes, may_ask=not self._is_due())
        yield from self._told(step, turns)

    def _told(self, step: Step, turns: Turns) -> Iterator[Event]:
        match step:
            case Step.ASKED if turns.asked is not None:
                yield FaceTurnAsked(self.device, turns.asked)
            case Step.SEEN | Step.RESTARTED:
                yield FaceTurnEnded(self.device)
            case Step.PASSED:
                self.phase = Phase.LAST
            case Step.FAILED:
                yield self._judge(FaceOutcome.NOT_LIVE, turns.reason)

    def _compare_last(self, distance: float) -> FaceJudged:
        self._distances.append(distance)
        if max(self._distances) <= self.threshold:
            return self._judge(FaceOutcome.MATCHED, "")
        return self._judge(FaceOutcome.NOT_MATCHED, "threshold")

    def _judge(self, outcome: FaceOutcome, reason: str) -> FaceJudged:
        band = FaceBand.NONE
        if outcome in (FaceOutcome.MATCHED, FaceOutcome.NOT_MATCHED):
            off = abs(self.threshold - max(self._distances))
            band = FaceBand.CLEAR if off >= CLEAR_BY else FaceBand.NEAR
        self.phase = Phase.OVER
        self._distances.clear()
        self._forget_front()
        self._turns = None
        return FaceJudged(self.device, self.op, outcome, band, reason)
