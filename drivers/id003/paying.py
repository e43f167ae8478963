"""Notes that go out of the recycler's boxes. Pure; see device.py for how it is driven.

One payout command (4A) per operation leaves this file, ever. Nothing in the device counts payouts, so after any doubt
the count of the box (A2) is compared before anything else, and PAY VALID is acknowledged only when the number of that
note is durable: a device that still says it after a restart tells us of exactly the note that the journal lacks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from drivers.id003.boxes import NO_LIFETIME, Box, Boxes, BoxesSettings
from drivers.id003.line import Events, Line, Step, acknowledgement, nothing
from drivers.id003.messages import PAYING, RESTING, WITHIN_REACH, Extended, Status, extended, payout
from drivers.id003.payout import OpenPayout, Stage, Verdict, judge
from kiosk.ids import OpId
from kiosk.ports import (
    AcknowledgePayout,
    DeviceFault,
    Dispense,
    DispenseEnded,
    NotePaid,
    NotePresented,
    NoteRetracted,
    Outcome,
    ResolveDispense,
    StopDispense,
)

_SETTLE_S: Final = 1.5
"""A payout that has not begun by then was not taken."""
_FAULT_S: Final = 5.0
"""A fault that stands for so long in a payout ends it."""


class Payer(Boxes):
    """Commands: ReadHopper, Dispense, ResolveDispense, AcknowledgePayout, StopDispense. `close_slot` shuts the mouth;
    `why_not` says what speaks against a payout outside of the boxes."""

    def __init__(
        self,
        settings: BoxesSettings,
        line: Line,
        close_slot: Callable[[], None],
        why_not: Callable[[], str],
    ) -> None:
        super().__init__(settings, line)
        self.open: OpenPayout | None = None
        self._close_slot = close_slot
        self._why_not = why_not
        self._seen: set[OpId] = set()
        self._is_resting = False
        self._waiting: deque[ResolveDispense] = deque()

    # --- commands
    # ----------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        if self.is_ready and self.open is None:
            self._line.ask(self._count_step(self._publish_all))

    def dispense(self, command: Dispense, now: float) -> Events:
        if command.op in self._seen:
            return []  # told before; it has ended or will end
        self._seen.add(command.op)
        box = self._box(command.device)
        published = self._published.get(box.number)
        is_away = published is None or not self.is_ready
        reason = "busy" if self.open else self._why_not() or ("away" if is_away else "")
        if reason or published is None:
            return [self._ended(command.op, box, command.count, Verdict(Outcome.REFUSED, 0, reason))]
        self.open = OpenPayout(
            command.op, box.number, command.count, published.event_counter, self.identity, now, now, now
        )
        self._is_resting = False  # to be seen again after the mouth is shut; then the box is read
        self._close_slot()
        return []

    def resolve(self, command: ResolveDispense, now: float) -> Events:
        """Reads only."""
        if self.open is not None and self.open.op == command.op:
            return []
        self._seen.add(command.op)
        self._waiting.append(command)
        return self._next_waiting(now)

    def acknowledge(self, command: AcknowledgePayout) -> None:
        found = self.open
        if found is None or found.op != command.op or command.paid > found.paid:
            return
        found.durable = max(found.durable, command.paid)
        if found.is_valid and found.durable == found.paid:
            self._line.forget("ack")
            self._line.ask(acknowledgement())

    def stop(self, command: StopDispense) -> None:
        if self.open is not None and self.open.op == command.op:
            self._stop(self.open)

    def _stop(self, found: OpenPayout) -> None:
        """Emergency stop (4D), at most once for a payout. What it paid is read from the counts as ever."""
        if found.stage is Stage.WATCHING and not found.is_stopped:
            found.is_stopped = True
            found.code = found.code or "stopped"
            self._line.ask(Step(extended(Extended.STOP), _taken, nothing, topic="payout"))

    # --- the one command
    # ----------------------------------------------------------------------------------------------------------

    def _on_checked(self, now: float) -> Events:
        """All that can be known before is known: go, or say why not."""
        found, reason = self.open, self._why_not()
        if found is None:
            return []
        if reason:
            return self._end(Verdict(Outcome.REFUSED, 0, reason), now)
        if not self._is_resting:
            return []  # the last note is still moving: read again when it has come to rest
        if self._counts[found.box] != found.before:
            # The intent holds a count that is not true any more: after a crash it would prove nothing.
            return self._end(Verdict(Outcome.REFUSED, 0, "stale-evidence"), now)
        if found.before < found.asked:
            return self._end(Verdict(Outcome.REFUSED, 0, "empty"), now)

        def on_sent(when: float) -> None:
            # From here on it may be out, whatever the line does next.
            found.stage = Stage.WATCHING
            found.since = found.moved = when

        self._line.ask(
            Step(payout(found.asked, found.box), _taken, nothing, on_sent, is_once=True, topic="payout")
        )
        return []

    # --- watching
    # ----------------------------------------------------------------------------------------------------------

    def on_status(self, status: int, now: float) -> Events:
        """One status, in the order they came."""
        found = self.open
        self._is_resting = status in RESTING
        if status in (Status.COLLECTING, Status.COLLECTED) and self.is_ready and found is None:
            self._line.ask(
                self._count_step(self._publish_all)
            )  # staff moved notes from a box to the cash box
        if found is None:
            return []
        found.heard = now
        if found.stage is Stage.CHECKING and self._is_resting and not self._line.has("payout"):
            self._line.ask(self._count_step(self._on_checked, topic="payout"))
        if found.stage is Stage.CLOSING and not self._line.has("payout"):
            self._line.ask(self._count_step(self._on_stopped, topic="payout"))  # the line was away meanwhile
        if found.stage is not Stage.WATCHING:
            return []
        if status in PAYING:
            return self._on_paying(found, status, now)
        found.is_valid = found.is_presented = found.is_unsure = False
        if status in RESTING and (found.has_run or now - found.since >= _SETTLE_S):
            found.stage = Stage.CLOSING
            self._line.ask(self._count_step(self._on_stopped, topic="payout"))
        return self._look(found, now)

    def _on_paying(self, found: OpenPayout, status: int, now: float) -> Events:
        before = (found.is_valid, found.is_presented, found.is_retracting)
        found.has_run = True
        found.is_valid = status == Status.PAY_VALID
        found.is_presented = status == Status.PAY_STAY
        found.is_retracting = status == Status.RETURN_TO_BOX
        if before != (found.is_valid, found.is_presented, found.is_retracting):
            found.moved = now
        device = self._box_of(found).device
        if found.is_valid:
            return self._on_valid(found, was_valid=before[0])
        found.is_unsure = False
        if found.is_presented and not before[1]:
            return [NotePresented(found.op, device)]
        if found.is_retracting and not before[2]:
            found.code = "not-taken"
            return [NoteRetracted(found.op, device)]
        return self._look(found, now)

    def _on_valid(self, found: OpenPayout, *, was_valid: bool) -> Events:
        """A note is out; or the device says so still of the last one, because our ACK was lost, or because we died
        before it. Then the count of the box tells which."""
        if not was_valid and not found.is_unsure:
            return self._count_paid(found)
        if found.durable < found.paid or self._line.has("ack"):
            return []  # told, and not durable yet

        def on_count(_now: float) -> Events:
            moved = found.before - self._counts[found.box]
            if self.open is not found or found.durable < found.paid:
                return []
            if moved == found.paid + 1:
                found.is_unsure = False
                return self._count_paid(found)
            if moved == found.paid:
                self._line.ask(acknowledgement())
                return []
            return self._end(Verdict(Outcome.UNKNOWN, found.paid, "counts-disagree", is_doubtful=True), _now)

        self._line.forget("payout")
        self._line.ask(self._count_step(on_count, topic="payout"))
        return []

    def _count_paid(self, found: OpenPayout) -> Events:
        found.paid += 1
        return [NotePaid(found.op, self._box_of(found).device, found.paid)]

    def on_power_up(self, now: float) -> Events:
        """It was without power: what it was doing is over. Counts first, reset last."""
        return self._close(now, "power-lost")

    def on_fault(self, code: str, now: float) -> Events:
        found = self.open
        if found is None or found.stage is not Stage.WATCHING:
            return []
        found.heard = now
        found.code = code
        found.is_unsure = found.is_unsure or found.is_valid
        found.is_valid = found.is_presented = False
        return self._look(found, now, self.settings.stall_s if code in WITHIN_REACH else _FAULT_S)

    def tick(self, now: float) -> Events:
        """Give up on a device that has been silent for too long. UNKNOWN is a result."""
        found = self.open
        if found is None or now - found.heard < self.settings.lost_after_s:
            return []
        if found.stage is Stage.CHECKING:
            return self._end(Verdict(Outcome.REFUSED, 0, "no-answer"), now)
        return self._end(Verdict(Outcome.UNKNOWN, found.paid, "no-answer"), now)

    def close_down(self, now: float) -> Events:
        if self.open is not None and self.open.stage is Stage.CHECKING:
            return self._end(Verdict(Outcome.REFUSED, 0, "closing"), now)
        return []

    def went_away(self, code: str, now: float) -> Events:
        events = super().went_away(code, now)
        if self.open is None:
            return events
        self.open.is_unsure = self.open.is_unsure or self.open.is_valid
        self.open.is_valid = self.open.is_presented = False
        if self.open.stage is Stage.CHECKING:
            events += self._end(Verdict(Outcome.REFUSED, 0, code), now)
        return events

    def _look(self, found: OpenPayout, now: float, patience_s: float | None = None) -> Events:
        """A payout that does not move is stopped, then read. A note in the bezel waits for its hand, and a note
        whose number is not durable waits for us."""
        patience_s = self.settings.stall_s if patience_s is None else patience_s
        if found.is_presented or found.is_valid or now - found.moved < patience_s:
            return []
        if found.is_stopped:
            return self._close(now, found.code)
        found.moved = now
        self._stop(found)
        return []

    def _close(self, now: float, code: str) -> Events:
        found = self.open
        if found is None or found.stage is Stage.CLOSING:
            return []
        if found.stage is Stage.CHECKING:
            return self._end(Verdict(Outcome.REFUSED, 0, code), now)
        found.stage, found.code = Stage.CLOSING, code
        self._line.ask(self._count_step(self._on_stopped, topic="payout"))
        return []

    def _on_stopped(self, now: float) -> Events:
        found = self.open
        if found is None:
            return []
        return self._end(
            judge(found.asked, found.paid, found.before, self._counts[found.box], found.code), now
        )

    def _end(self, verdict: Verdict, now: float) -> Events:
        found, self.open = self.open, None
        if found is None:
            return []
        self._line.forget("payout")  # a payout that still waits for the line must never leave
        box = self._box_of(found)
        events: Events = [self._ended(found.op, box, found.asked, verdict)]
        if verdict.is_doubtful:
            events.append(DeviceFault(box.device, "counts-disagree"))
        if self.is_ready:
            self._published.pop(box.number, None)  # nothing is paid on an old count
            self._line.ask(self._count_step(self._publish_all))
        return [*events, *self._next_waiting(now)]

    def _ended(self, op: OpId, box: Box, asked: int, verdict: Verdict) -> DispenseEnded:
        count = self._counts.get(box.number, 0)
        return DispenseEnded(
            op, box.device, verdict.outcome, asked, verdict.paid, count, NO_LIFETIME, verdict.code
        )

    def _next_waiting(self, now: float) -> Events:
        """The next resolution, once the counts can be read. A device of another version says nothing of it."""
        if self.open is not None or not self.is_ready or not self._waiting:
            return []
        command = self._waiting.popleft()
        box = self._box(command.device)
        if command.serial != self.identity:
            verdict = Verdict(Outcome.UNKNOWN, command.paid, "wrong-serial")
            return [self._ended(command.op, box, command.asked, verdict), *self._next_waiting(now)]
        before = command.event_counter_before
        self.open = OpenPayout(
            command.op, box.number, command.asked, before, command.serial, now, now, now, Stage.WATCHING
        )
        self.open.paid = self.open.durable = command.paid
        self.open.is_unsure = True
        return []

    def _on_uncounted(self, now: float) -> Events:
        """It does not tell its counts any more: nothing is proven by them."""
        found = self.open
        if found is None:
            return []
        is_out = found.stage is not Stage.CHECKING
        return self._end(
            Verdict(Outcome.UNKNOWN if is_out else Outcome.REFUSED, found.paid, "no-counts"), now
        )

    def _on_counts_known(self, now: float) -> Events:
        return self._next_waiting(now)

    def _box_of(self, found: OpenPayout) -> Box:
        return next(box for box in self.settings.boxes if box.number == found.box)


def _taken(frame: object, _now: float) -> Events:
    """Whatever the answer, the counts decide."""
    del frame
    return []
