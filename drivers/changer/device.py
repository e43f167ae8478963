"""The change machine as the core sees it. Pure: time is an argument, what happened comes out as events.

All that moves money is asked for once and then watched in the status: a lost answer to `pay` or `end` is never a
reason to ask again. What a status cannot say any more (the machine was without power) is judged by the counts of before
and after; where these do not explain it, it is UNKNOWN.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.changer.codec import Message, cash_of, counts_of, text_of
from drivers.changer.settings import Settings
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ids import DeviceId, OpId
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import (
    BeginDeposit,
    CashCountsRead,
    CashDispensed,
    ChangerRefused,
    ChangerStatus,
    Command,
    DepositCounted,
    DepositEnded,
    DepositFixed,
    DepositPaused,
    DepositRead,
    DepositStarted,
    DeviceArrived,
    DeviceLost,
    DeviceStatus,
    DispenseCash,
    DispenseChange,
    EndAction,
    EndDeposit,
    Event,
    FixDeposit,
    FullStatus,
    Outcome,
    PauseDeposit,
    ReadCashCounts,
    ReadDeposit,
    ResolveCash,
)

Events = list[Event]
MISSES_MAX = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One question. `is_once`: it moves money and is never asked a second time."""

    fields: Mapping[str, Any]
    on_answer: Callable[[Message, float], Events]
    is_once: bool = False


@dataclass(slots=True)
class _Payout:
    """`asked`: what was asked for; its pieces are known only when the caller chose them."""

    op: OpId
    asked: Yen
    before: Cash
    heard: float
    pieces: Cash | None = None
    is_sent: bool = False


class Changer:
    """Commands and events of kiosk/ports/changer.py."""

    def __init__(self, device: DeviceId, settings: Settings) -> None:
        self.device = device
        self._settings = settings
        self._steps: deque[Step] = deque()
        self._in_flight: Step | None = None
        self._misses = 0
        self._next_poll = 0.0
        self._is_here = False
        self._lost_code = ""
        self._boot = ""
        self._deposit = OpId("")
        self._deposit_told: tuple[str, Cash] = ("", NO_CASH)
        self._faces: tuple[Denomination, ...] = ()
        self._unheard_end: Step | None = None
        """Asked for, and no answer came: the status says whether it was heard."""
        self._payout: _Payout | None = None
        self._status: ChangerStatus | None = None
        self._ended: dict[OpId, Event] = {}

    # --- for the driver

    def due(self) -> float:
        return 0.0 if self._steps and self._is_here else self._next_poll

    def request(self, now: float) -> Message:
        if self._steps and self._is_here:
            self._in_flight = self._steps.popleft()
        else:
            self._next_poll = now + (self._settings.poll_s if self._is_here else self._settings.retry_s)
            known = Step({"do": "status"}, self._on_status)
            self._in_flight = known if self._is_here else Step({"do": "hello"}, self._on_hello)
        return self._in_flight.fields

    def replied(self, answer: Message, now: float) -> Events:
        step, self._in_flight = self._in_flight, None
        if step is None:
            raise ContractError("changer: answer without a question")
        try:
            events = step.on_answer(answer, now)
        except PeerProtocolError:
            return self._missed(step, now)
        self._misses = 0
        return events

    def unanswered(self, now: float) -> Events:
        step, self._in_flight = self._in_flight, None
        return [] if step is None else self._missed(step, now)

    def lost(self, code: str) -> Events:
        """The line is gone, or the machine silent. A payout in hand is looked for when it is back."""
        was_here, self._is_here = self._is_here, False
        self._steps.clear()
        self._in_flight, self._misses, self._status = None, 0, None
        if not was_here and self._lost_code == code:
            return []
        self._lost_code = code
        return [DeviceLost(self.device, code)]

    def tick(self, now: float) -> Events:
        found = self._payout
        if found is None or now - found.heard < self._settings.lost_after_s:
            return []
        outcome = Outcome.UNKNOWN if found.is_sent else Outcome.REFUSED
        return [self._dispensed(found, outcome, NO_CASH, "no-answer")]

    @property
    def is_safe(self) -> bool:
        return self._payout is None and not self._steps

    def _missed(self, step: Step, now: float) -> Events:
        self._misses += 1
        if self._misses >= MISSES_MAX:
            self._next_poll = now + self._settings.retry_s
            return self.lost("no-answer")
        if step.fields["do"] == "end":
            self._unheard_end = step
        if not step.is_once and step.fields["do"] not in ("status", "hello"):
            self._steps.appendleft(step)
        return []

    # --- the verbs

    def perform(self, command: Command, now: float) -> Events:
        op = getattr(command, "op", OpId(""))
        if op in self._ended:
            return [self._ended[op]]  # it is over: told again, done once
        is_payout = isinstance(command, DispenseChange | DispenseCash)
        if not self._is_here and not is_payout and not isinstance(command, ResolveCash):
            return [ChangerRefused(op, self.device, type(command).__name__, "away")]
        match command:
            case BeginDeposit(faces=faces):
                self._faces = faces
                self._ask(command, "begin", faces=[each.value for each in faces])
            case PauseDeposit(is_paused=is_paused):
                self._ask(command, "pause" if is_paused else "restart")
            case FixDeposit():
                self._ask(command, "fix")
            case EndDeposit(action=action):
                self._ask(command, "end", is_once=True, action=action.value)
            case DispenseChange(amount=amount):
                return self._pay(command, amount, None, now)
            case DispenseCash(counts=counts):
                return self._pay(command, counts.total, counts, now)
            case ResolveCash(asked=asked, before=before):
                self._payout = _Payout(op, asked.total, before, now, asked, is_sent=True)
            case ReadDeposit():
                self._steps.append(Step({"do": "status"}, self._on_last_deposit))
            case ReadCashCounts():
                self._steps.append(Step({"do": "counts"}, self._on_counts))
            case _:
                raise ContractError(f"not a command for a changer: {type(command).__name__}")
        return []

    def _ask(self, command: Any, verb: str, *, is_once: bool = False, **more: Any) -> None:
        op = command.op

        def on_answer(answer: Message, _now: float) -> Events:
            result = text_of(answer, "result")
            if result == "success":
                if verb == "begin":
                    self._deposit, self._deposit_told = op, ("", NO_CASH)
                return []
            return [ChangerRefused(op, self.device, type(command).__name__, _REFUSALS.get(result, result))]

        self._steps.append(Step({"do": verb, "op": op, **more}, on_answer, is_once))

    # --- paying

    def _pay(self, command: Any, amount: Yen, pieces: Cash | None, now: float) -> Events:
        """The counts of before first: they are the evidence. Then, once, the command."""
        if self._payout is not None and self._payout.op == command.op:
            return []  # it has not ended yet
        if self._payout is not None or not self._is_here:
            code = "busy" if self._is_here else "away"
            return [CashDispensed(command.op, self.device, Outcome.REFUSED, amount, NO_CASH, code)]
        found = self._payout = _Payout(command.op, amount, NO_CASH, now, pieces)
        wanted: dict[str, Any] = {"amount": amount.value} if pieces is None else {"counts": counts_of(pieces)}

        def on_before(answer: Message, _now: float) -> Events:
            found.before = cash_of(answer.get("counts"))
            found.is_sent = True
            self._steps.appendleft(Step({"do": "pay", "op": found.op, **wanted}, on_pay, is_once=True))
            return []

        def on_pay(answer: Message, now: float) -> Events:
            found.heard = now
            result = text_of(answer, "result")
            if result in ("success", "duplicate") or self._payout is not found:
                return []
            return [self._dispensed(found, Outcome.REFUSED, NO_CASH, result)]

        self._steps.append(Step({"do": "counts"}, on_before))
        return []

    def _dispensed(self, found: _Payout, outcome: Outcome, paid: Cash, code: str) -> Event:
        self._payout = None
        if paid.total > found.asked:
            outcome, code = Outcome.UNKNOWN, "over-dispense"
        event = CashDispensed(found.op, self.device, outcome, found.asked, paid, code)
        self._ended[found.op] = event
        return event

    def _judged(self, found: _Payout, answer: Message) -> Events:
        """The machine knows nothing of this payout: its counts say what went out, or nobody knows."""
        after = cash_of(answer.get("counts"))
        faces = found.pieces if found.pieces is not None else {*found.before, *after}
        gone = {face: found.before[face] - after[face] for face in faces}
        if answer.get("discrepancy") or any(count < 0 for count in gone.values()):
            return [self._dispensed(found, Outcome.UNKNOWN, NO_CASH, "counts-disagree")]
        paid = Cash(gone)
        if found.pieces is not None and not found.pieces.covers(paid):
            return [self._dispensed(found, Outcome.UNKNOWN, NO_CASH, "counts-disagree")]
        return [self._dispensed(found, _outcome(found.asked, paid), paid, "by-counts")]

    # --- what it says

    def _on_hello(self, answer: Message, _now: float) -> Events:
        serial = text_of(answer, "serial")
        if self._settings.serial not in ("", serial):
            return self.lost("wrong-serial")
        self._is_here, self._lost_code = True, ""
        self._boot = text_of(answer, "boot")
        return [DeviceArrived(self.device, f"{text_of(answer, 'maker')} #{serial}")]

    def _on_counts(self, answer: Message, _now: float) -> Events:
        return [CashCountsRead(self.device, cash_of(answer.get("counts")), answer.get("discrepancy") is True)]

    def _on_last_deposit(self, answer: Message, _now: float) -> Events:
        told = answer.get("deposit")
        if not isinstance(told, dict):
            return [DepositRead(OpId(""), self.device, NO_CASH, is_open=False, is_fixed=False)]
        op, state, counts = OpId(text_of(told, "op")), text_of(told, "state"), cash_of(told.get("counts"))
        is_open = state in ("count", "paused", "fixed")
        if is_open:
            self._deposit, self._deposit_told = op, (state, counts)
        return [DepositRead(op, self.device, counts, is_open, is_fixed=state == "fixed")]

    def _on_status(self, answer: Message, now: float) -> Events:
        if text_of(answer, "boot") != self._boot:
            return self.lost("was-reset")
        events: Events = [
            *self._on_deposit(answer.get("deposit")),
            *self._on_payout(answer.get("payout"), now),
        ]
        try:
            status = ChangerStatus(
                self.device,
                DeviceStatus(text_of(answer, "status")),
                FullStatus(text_of(answer, "full") or "ok"),
            )
        except ValueError:
            raise PeerProtocolError("changer: no status") from None
        if status != self._status:
            self._status = status
            events.append(status)
        return events

    def _on_deposit(self, told: object) -> Events:
        if not isinstance(told, dict) or not self._deposit or text_of(told, "op") != self._deposit:
            return []
        state, counts = text_of(told, "state"), cash_of(told.get("counts"))
        before, self._deposit_told = self._deposit_told, (state, counts)
        op, events = self._deposit, list[Event]()
        unheard, self._unheard_end = self._unheard_end, None
        if unheard is not None and state == "fixed" and unheard.fields["op"] == op:
            self._steps.append(unheard)
        if state != before[0] and before[0] == "":
            events.append(DepositStarted(op, self.device, self._faces))
        if counts != before[1]:
            events.append(DepositCounted(op, self.device, counts))
        if state == before[0]:
            return events
        match state:
            case "paused":
                events.append(DepositPaused(op, self.device, is_paused=True))
            case "count" if before[0] == "paused":
                events.append(DepositPaused(op, self.device, is_paused=False))
            case "fixed":
                events.append(DepositFixed(op, self.device, counts))
            case "ended":
                events.append(self._deposit_ended(op, told, counts))
        return events

    def _deposit_ended(self, op: OpId, told: Message, counts: Cash) -> Event:
        try:
            action = EndAction(text_of(told, "action"))
        except ValueError:
            raise PeerProtocolError("changer: no action") from None
        repaid = cash_of(told.get("repaid"))
        self._deposit = OpId("")
        is_whole = action is not EndAction.REPAY or repaid == counts
        outcome = Outcome.CONFIRMED if is_whole else Outcome.PARTIAL
        accepted = counts - repaid if counts.covers(repaid) else counts
        event = DepositEnded(op, self.device, action, outcome, accepted, repaid)
        self._ended[op] = event
        return event

    def _on_payout(self, told: object, now: float) -> Events:
        found = self._payout
        if found is None or not found.is_sent:
            return []
        found.heard = now
        if isinstance(told, dict) and text_of(told, "op") == found.op:
            if text_of(told, "state") != "done":
                return []
            paid = cash_of(told.get("paid"))
            return [self._dispensed(found, _outcome(found.asked, paid), paid, text_of(told, "code"))]
        if not any(step.fields["do"] in ("pay", "counts") for step in self._steps):
            self._steps.append(Step({"do": "counts"}, lambda answer, _now: self._judged_if(found, answer)))
        return []

    def _judged_if(self, found: _Payout, answer: Message) -> Events:
        return self._judged(found, answer) if self._payout is found else []


_REFUSALS = {"illegal": "order"}


def _outcome(asked: Yen, paid: Cash) -> Outcome:
    if paid.total == asked:
        return Outcome.CONFIRMED
    return Outcome.PARTIAL if paid else Outcome.REFUSED
