"""Coin unit and note unit as one change machine: unit ports composed into the verbs of kiosk/ports/changer.py. Pure.

Commands of a CashChanger in, commands to the units and events of a CashChanger out; events of the units in, the same
out. The engine of this kiosk speaks to the units themselves, because their evidence (counters, escrow, the moment of
credit) is finer than any verb here; this composition is the proof that the verbs say the same over both, and what a
vendor's closed machine is held against (tests/contract/test_changer.py).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.changer import Share, plan_change, plan_return, split
from kiosk.ids import DeviceId, OpId
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import (
    AcceptanceSet,
    AcknowledgeCredit,
    AcknowledgePayout,
    BeginDeposit,
    CashCountsRead,
    CashDispensed,
    ChangerRefused,
    ChangerStatus,
    CoinAccepted,
    Command,
    DepositCounted,
    DepositEnded,
    DepositFixed,
    DepositPaused,
    DepositRead,
    DepositStarted,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    DeviceStatus,
    Dispense,
    DispenseCash,
    DispenseChange,
    DispenseEnded,
    EndAction,
    EndDeposit,
    Event,
    FixDeposit,
    FullStatus,
    HopperRead,
    NoteCredited,
    NoteEscrowed,
    NoteInDoubt,
    NotePaid,
    NoteReturned,
    NoteStacked,
    Outcome,
    PauseDeposit,
    ReadCashCounts,
    ReadDeposit,
    ResetNotePath,
    ReturnNote,
    SetAcceptance,
    StackNote,
    StartAcceptor,
    StartNoteAcceptor,
)

NO_OP = OpId("")


class Stage(enum.Enum):
    OPENING = "opening"
    COUNTING = "counting"
    PAUSING = "pausing"
    PAUSED = "paused"
    FIXING = "fixing"
    FIXED = "fixed"
    REPAYING = "repaying"


@dataclass(slots=True)
class _Deposit:
    op: OpId
    faces: tuple[Denomination, ...]
    stage: Stage = Stage.OPENING
    counts: Cash = NO_CASH
    notes: int = 0
    pending: OpId = NO_OP
    """A note that is ordered in and not known to be."""
    is_doubtful: bool = False


@dataclass(slots=True)
class _Payout:
    op: OpId
    asked: Yen
    shares: list[Share]
    paid: Cash = NO_CASH
    outcome: Outcome = Outcome.CONFIRMED
    code: str = ""
    is_repay: bool = False


@dataclass(frozen=True, slots=True)
class Units:
    """Which units there are, and what was counted into each."""

    acceptor: DeviceId
    note_acceptor: DeviceId
    hoppers: Mapping[DeviceId, Denomination]
    counts: Mapping[DeviceId, Cash]


@dataclass
class Said:
    """What came of one step."""

    commands: list[Command] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)

    def tell(self, *events: Event) -> None:
        self.events.extend(events)


class UnitChanger:
    """`perform` a verb, `hear` a unit."""

    def __init__(self, device: DeviceId, units: Units) -> None:
        self.device = device
        self._units = units
        self._counts: dict[DeviceId, Cash] = dict(units.counts)
        self._told: dict[DeviceId, int] = {}
        """What a unit that counts itself says it holds."""
        self._deposit: _Deposit | None = None
        self._last: _Deposit | None = None
        self._payout: _Payout | None = None
        self._awaited: set[DeviceId] = set()
        self._ready: set[DeviceId] = set()
        self._open: dict[DeviceId, tuple[Denomination, ...]] = {}
        self._faults: set[tuple[DeviceId, str]] = set()
        self._credited: set[OpId] = set()
        self._ended: dict[OpId, Event] = {}
        self._is_discrepant = False
        self._status: ChangerStatus | None = None

    # --- the verbs

    def perform(self, command: Command) -> Said:
        said = Said()
        op = getattr(command, "op", OpId(""))
        if op in self._ended:
            said.tell(self._ended[op])  # it is over: told again, done once
            return said
        match command:
            case BeginDeposit(faces=faces):
                self._begin(said, op, faces)
            case PauseDeposit(is_paused=is_paused):
                wanted = Stage.COUNTING if is_paused else Stage.PAUSED
                if self._is(said, command, op, wanted):
                    self._pause(said, is_paused)
            case FixDeposit():
                if self._is(said, command, op, Stage.COUNTING, Stage.PAUSED):
                    self._close(said, Stage.FIXING)
            case EndDeposit(action=action):
                if self._is(said, command, op, Stage.FIXED):
                    self._end(said, action)
            case DispenseChange(amount=amount):
                self._dispense(said, op, amount, plan_change(amount, self._stock))
            case DispenseCash(counts=counts):
                plan = counts if self._stock.covers(counts) else None
                self._dispense(said, op, counts.total, plan)
            case ReadDeposit():
                said.tell(self._last_deposit())
            case ReadCashCounts():
                total = sum(self._counts.values(), NO_CASH)
                said.tell(CashCountsRead(self.device, total, self._is_discrepant or self._differs()))
        return said

    def _last_deposit(self) -> DepositRead:
        found = self._deposit or self._last
        if found is None:
            return DepositRead(NO_OP, self.device, NO_CASH, is_open=False, is_fixed=False)
        is_open = found is self._deposit
        return DepositRead(
            found.op, self.device, found.counts, is_open, is_open and found.stage is Stage.FIXED
        )

    def _refuse(self, said: Said, command: Command, op: OpId, code: str) -> None:
        said.tell(ChangerRefused(op, self.device, type(command).__name__, code))

    def _is(self, said: Said, command: Command, op: OpId, *stages: Stage) -> bool:
        found = self._deposit
        if found is not None and found.op == op and found.stage in stages:
            return True
        self._refuse(said, command, op, "order")
        return False

    def _begin(self, said: Said, op: OpId, faces: tuple[Denomination, ...]) -> None:
        if self._deposit is not None and self._deposit.op == op:
            return
        if self._deposit is not None or self._payout is not None or not self._ready:
            code = "away" if not self._ready else "order"
            said.tell(ChangerRefused(op, self.device, "BeginDeposit", code))
            return
        self._deposit = _Deposit(op, faces)
        self._set(said, faces)

    def _set(self, said: Said, faces: tuple[Denomination, ...]) -> None:
        """Both slots; what each confirms is awaited."""
        for device in sorted(self._ready):
            is_notes = device == self._units.note_acceptor
            said.do(SetAcceptance(device, tuple(each for each in faces if each.is_note == is_notes)))
            self._awaited.add(device)

    def _pause(self, said: Said, is_paused: bool) -> None:
        if self._deposit is None:
            return
        if is_paused:
            self._close(said, Stage.PAUSING)
        else:
            self._deposit.stage = Stage.OPENING
            self._set(said, self._deposit.faces)

    def _close(self, said: Said, stage: Stage) -> None:
        if self._deposit is not None:
            self._deposit.stage = stage
            self._set(said, ())
            self._slots_changed(said)

    def _end(self, said: Said, action: EndAction) -> None:
        found = self._deposit
        if found is None:
            return
        if action is not EndAction.REPAY or not found.counts:
            self._deposit_over(said, action, NO_CASH, Outcome.CONFIRMED)
            return
        found.stage = Stage.REPAYING
        plan = plan_return(found.counts, self._stock)
        self._payout = _Payout(found.op, found.counts.total, self._shares(plan), is_repay=True)
        self._pay_next(said)

    def _deposit_over(self, said: Said, action: EndAction, repaid: Cash, outcome: Outcome) -> None:
        found, self._deposit = self._deposit, None
        if found is None:
            return
        self._last = found
        is_all = repaid.total == found.counts.total
        accepted = found.counts if not repaid else NO_CASH if is_all else _less(found.counts, repaid)
        if found.is_doubtful:
            outcome = Outcome.UNKNOWN
        self._finish(said, found.op, DepositEnded(found.op, self.device, action, outcome, accepted, repaid))

    def _dispense(self, said: Said, op: OpId, amount: Yen, plan: Cash | None) -> None:
        if self._payout is not None and self._payout.op == op:
            return
        is_busy = self._payout is not None or self._deposit is not None
        if is_busy or plan is None or amount.value <= 0:
            code = "busy" if is_busy else "shortage"
            ended = CashDispensed(op, self.device, Outcome.REFUSED, amount, NO_CASH, code)
            self._finish(said, op, ended)
        else:
            self._payout = _Payout(op, amount, self._shares(plan))
            self._pay_next(said)

    def _finish(self, said: Said, op: OpId, event: Event) -> None:
        self._ended[op] = event
        said.tell(event)

    # --- the units

    def hear(self, event: Event) -> Said:
        said = Said()
        match event:
            case DeviceArrived(device=device) if device == self._units.acceptor:
                said.do(StartAcceptor(device, None), SetAcceptance(device, ()))
            case DeviceArrived(device=device) if device == self._units.note_acceptor:
                said.do(StartNoteAcceptor(device))
            case DeviceLost(device=device):
                self._ready.discard(device)
                self._awaited.discard(device)
            case AcceptanceSet(device=device, denominations=faces):
                self._ready.add(device)
                self._awaited.discard(device)
                self._open[device] = faces
                self._slots_changed(said)
            case CoinAccepted(unit=unit, denomination=face):
                self._in(said, unit, face)
            case NoteEscrowed() | NoteCredited() | NoteReturned() | NoteStacked() | NoteInDoubt():
                self._note(said, event)
            case HopperRead(device=device, count=count):
                self._told[device] = count
            case NotePaid(op=op, device=device, paid=paid):
                said.do(AcknowledgePayout(op, device, paid))
            case DispenseEnded():
                self._paid(said, event)
            case DeviceFault():
                self._fault(said, event)
        self._tell_status(said)
        return said

    def _in(self, said: Said, unit: DeviceId, face: Denomination) -> None:
        piece = Cash({face: 1})
        self._counts[unit] = self._counts.get(unit, NO_CASH) + piece
        if self._deposit is not None:
            self._deposit.counts += piece
            said.tell(DepositCounted(self._deposit.op, self.device, self._deposit.counts))

    def _note(self, said: Said, event: Event) -> None:
        found = self._deposit
        match event:
            case NoteEscrowed(device=device, denomination=face):
                if found is None or found.stage is not Stage.COUNTING or face not in found.faces:
                    said.do(ReturnNote(device))
                    return
                found.notes += 1
                found.pending = OpId(f"{found.op}/{found.notes}")
                said.do(StackNote(found.pending, device))
                return
            case NoteCredited(op=op, device=device, denomination=face, unit=unit):
                if op not in self._credited:
                    self._credited.add(op)
                    self._in(said, unit, face)
                said.do(AcknowledgeCredit(op, device))
            case NoteInDoubt() if found is not None:
                found.is_doubtful = self._is_discrepant = True
        if found is not None and getattr(event, "op", "") == found.pending:
            found.pending = NO_OP
            self._slots_changed(said)

    def _slots_changed(self, said: Said) -> None:
        found = self._deposit
        if found is None or self._awaited or found.pending:
            return
        match found.stage:
            case Stage.OPENING:
                found.stage = Stage.COUNTING
                faces = tuple(face for each in sorted(self._open) for face in self._open[each])
                said.tell(DepositStarted(found.op, self.device, faces))
            case Stage.PAUSING:
                found.stage = Stage.PAUSED
                said.tell(DepositPaused(found.op, self.device, is_paused=True))
            case Stage.FIXING:
                found.stage = Stage.FIXED
                said.tell(DepositFixed(found.op, self.device, found.counts))

    def _fault(self, said: Said, event: DeviceFault) -> None:
        key = (event.device, event.code)
        if event.code.startswith("powered-up") and not event.clear:
            said.do(ResetNotePath(event.device))
        elif event.clear:
            self._faults.discard(key)
        else:
            self._faults.add(key)

    # --- paying

    @property
    def _stock(self) -> Cash:
        return sum((self._counts.get(each, NO_CASH) for each in self._units.hoppers), NO_CASH)

    def _shares(self, plan: Cash) -> list[Share]:
        return list(split(plan, {each: self._counts[each] for each in self._units.hoppers}).shares)

    def _pay_next(self, said: Said) -> None:
        found = self._payout
        if found is None:
            return
        if found.shares and found.outcome is not Outcome.UNKNOWN:
            share = found.shares[0]
            said.do(Dispense(OpId(f"{found.op}/{share.unit}"), share.unit, share.count))
            return
        self._payout = None
        outcome = found.outcome
        if outcome is not Outcome.UNKNOWN:
            is_all, is_none = found.paid.total == found.asked, not found.paid
            outcome = Outcome.CONFIRMED if is_all else Outcome.REFUSED if is_none else Outcome.PARTIAL
        if found.is_repay:
            self._deposit_over(said, EndAction.REPAY, found.paid, outcome)
        else:
            ended = CashDispensed(found.op, self.device, outcome, found.asked, found.paid, found.code)
            self._finish(said, found.op, ended)

    def _paid(self, said: Said, event: DispenseEnded) -> None:
        found = self._payout
        if found is None or not found.shares or event.device != found.shares[0].unit:
            return
        share = found.shares.pop(0)
        pieces = Cash({share.denomination: max(0, min(event.paid, share.count))})
        found.paid += pieces
        self._counts[share.unit] = _less(self._counts[share.unit], pieces)
        if event.outcome is Outcome.UNKNOWN:
            found.outcome = Outcome.UNKNOWN
            self._is_discrepant = True
        elif event.outcome is not Outcome.CONFIRMED:
            self._faults.add((share.unit, "payout"))
        found.code = found.code or event.code
        self._pay_next(said)

    # --- status

    def _differs(self) -> bool:
        """A unit that counts itself says something else than we do."""
        return any(
            count >= 0 and count != sum(self._counts.get(device, NO_CASH).values())
            for device, count in self._told.items()
        )

    def _tell_status(self, said: Said) -> None:
        counts = [sum(self._counts.get(each, NO_CASH).values()) for each in self._units.hoppers]
        status = DeviceStatus.OK
        if self._faults:
            status = DeviceStatus.JAM
        elif not all(counts):
            status = DeviceStatus.EMPTY
        elif min(counts, default=1) < NEAR_EMPTY:
            status = DeviceStatus.NEAREMPTY
        now = ChangerStatus(self.device, status, FullStatus.OK)
        if now != self._status and self._ready:
            self._status = now
            said.tell(now)


NEAR_EMPTY = 10


def _less(there: Cash, gone: Cash) -> Cash:
    return Cash({face: max(0, count - gone[face]) for face, count in there.items()})
