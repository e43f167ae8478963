"""A change machine as the engine's cash: an acceptor for all faces, and a unit that pays for each face it gives out.
Pure.

The engine's commands in, verbs of kiosk/ports/changer.py out; the machine's events in, the engine's out. So a kiosk
whose only cash device is a 自動釣銭機 has the same engine, journal and recovery as one with coin and note units.

What the engine's words become:

- A deposit is an epoch. Its name (`op`) has the epoch's number, its pieces are that epoch's credits 1, 2, 3 …, so each
  is credited once, also after a restart: the mark of the journal says how many of which face are known, the machine's
  DepositCounts how many there are.
- The faces of a deposit do not change: other faces are another deposit, begun when this one is over.
- EndDeposit, by which the machine makes the money its own, is asked for when every piece's credit is durable.
- The machine never chooses the pieces of a payout: DispenseCash of one face at a time, so that a payout in doubt is
  judged by the count of that face. No payout while a deposit is open, and none before the counts behind it were read.
- Held money goes back as the same faces by DispenseCash: endDeposit(REPAY) would be as good only until a part of it is
  spent, and a piece that lies in the stock is not the same piece again.

A machine that was without power, or does not know the deposit's name any more, has told all it ever will: then a new
epoch begins in which some pieces may be missing (`AcceptorReset`), and the engine calls a person if a slot was open.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from kiosk.changer_units import Said
from kiosk.errors import ContractError
from kiosk.ids import DeviceId, OpId
from kiosk.money import NO_CASH, Cash, Denomination
from kiosk.ports import (
    AcceptanceSet,
    AcceptorReset,
    AcknowledgeCredit,
    BeginDeposit,
    CashCountsRead,
    CashDispensed,
    ChangerRefused,
    ChangerStatus,
    CoinAccepted,
    Command,
    CreditMark,
    CreditsLost,
    DepositCounted,
    DepositEnded,
    DepositFixed,
    DepositRead,
    DepositStarted,
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    DeviceStatus,
    Dispense,
    DispenseCash,
    DispenseEnded,
    EndAction,
    EndDeposit,
    Event,
    FixDeposit,
    FullStatus,
    HopperRead,
    Outcome,
    ReadCashCounts,
    ReadDeposit,
    ReadHopper,
    ResolveCash,
    ResolveDispense,
    SetAcceptance,
    StartAcceptor,
)

CASHBOX = DeviceId("cashbox")
MAY_BE_MISSING = 200
"""Pieces that a machine may have taken before it lost its memory: as many as a tray takes."""
RAW = 1
"""There is no counter of eight bits here; 0 would say that the device was just switched on."""


class Stage(enum.Enum):
    """Of the deposit."""

    UNKNOWN = "unknown"
    """Not asked yet, or away."""
    NONE = "none"
    OPENING = "opening"
    OPEN = "open"
    FIXING = "fixing"
    FIXED = "fixed"
    """Its credits are on their way to the disk."""
    ENDING = "ending"
    COUNTING = "counting"
    """It is over; what lies in the machine now is being read."""


class ChangerTill:
    """`perform` a command of the engine, `hear` the machine."""

    def __init__(self, device: DeviceId, units: Mapping[DeviceId, Denomination], kiosk: str) -> None:
        """`units`: the engine's names for what the machine pays out, one for each face. `kiosk` is part of a deposit's
        name: a machine that stood elsewhere before says nothing of ours."""
        self.device = device
        self._prefix = f"{kiosk}/d"
        self._faces = dict(units)
        self._units = {face: unit for unit, face in units.items()}
        self._identity = ""
        self._stage = Stage.UNKNOWN
        self._epoch = 0
        self._told = NO_CASH
        self._durable = 0
        self._wanted: tuple[Denomination, ...] = ()
        self._open: tuple[Denomination, ...] = ()
        self._counts: Cash | None = None
        self._is_discrepant = False
        self._status = (DeviceStatus.OK, FullStatus.OK)
        self._payouts: dict[OpId, tuple[DeviceId, int]] = {}
        self._faults: set[str] = set()
        self._is_over = False
        """Nothing of the last deposit can be unknown."""
        self._is_known = False
        """The journal has met this machine: what it knows of a deposit is of ours."""
        self._is_lost = False
        self._has_begun = False
        """The last deposit was begun by this process."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return (self.device, *self._faces)

    # --- the engine

    def perform(self, command: Command) -> Said:
        """ContractError: not a command for an acceptor or a unit."""
        said = Said()
        match command:
            case StartAcceptor(mark=mark):
                self._start(said, mark)
            case SetAcceptance(denominations=faces):
                self._wanted = faces
                self._go_on(said)
            case AcknowledgeCredit(op=op):
                epoch, _, seq = op.partition("/")
                if epoch == str(self._epoch):
                    self._durable = max(self._durable, int(seq))
                self._go_on(said)
            case ReadHopper():
                said.do(ReadCashCounts(self.device))
            case Dispense(op=op, device=unit, count=count):
                self._dispense(said, op, unit, count)
            case ResolveDispense(op=op, device=unit, asked=asked, event_counter_before=before, serial=serial):
                self._payouts[op] = (unit, asked)
                face = self._faces[unit]
                if serial == self._identity:
                    said.do(ResolveCash(op, self.device, Cash({face: asked}), Cash({face: before})))
                else:
                    self._dispensed(said, op, Outcome.UNKNOWN, NO_CASH, "another-device")
            case _:
                raise ContractError(f"not a command for a change machine: {type(command).__name__}")
        return said

    def _start(self, said: Said, mark: CreditMark | None) -> None:
        """Where the journal stands; what the machine knows of its last deposit is asked first."""
        self._is_known = mark is not None and mark.serial == self._identity
        if mark is None:
            self._new_epoch(said, 0)
        elif mark.serial != self._identity:
            self._epoch = max(self._epoch, mark.epoch)
            self._new_epoch(said, MAY_BE_MISSING)
            self._fault(said, "serial-changed", True)
        elif (mark.epoch, mark.seq) > (self._epoch, self._told.pieces):
            self._epoch, self._told, self._durable = mark.epoch, mark.counts, mark.seq
        said.do(ReadDeposit(self.device))

    def _new_epoch(self, said: Said, at_most: int) -> None:
        self._epoch += 1
        self._told, self._durable = NO_CASH, 0
        self._is_over, self._is_lost = True, False
        said.tell(AcceptorReset(self.device, self._epoch, self._identity, RAW, at_most))

    def _go_on(self, said: Said) -> None:
        """The next step of the deposit, if its time has come."""
        match self._stage:
            case Stage.NONE if self._wanted:
                self._epoch += 1
                self._told, self._durable, self._open = NO_CASH, 0, self._wanted
                self._is_over = self._is_lost = False
                self._has_begun = True
                self._stage = Stage.OPENING
                said.do(BeginDeposit(self._op, self.device, self._wanted))
            case Stage.NONE:
                said.tell(AcceptanceSet(self.device, ()))
            case Stage.OPEN if set(self._wanted) != set(self._open):
                self._stage = Stage.FIXING
                said.do(FixDeposit(self._op, self.device))
            case Stage.FIXED if self._durable >= self._told.pieces:
                self._stage = Stage.ENDING
                said.do(EndDeposit(self._op, self.device, EndAction.NOCHANGE))

    @property
    def _op(self) -> OpId:
        return OpId(f"{self._prefix}{self._epoch}")

    def _dispense(self, said: Said, op: OpId, unit: DeviceId, count: int) -> None:
        self._payouts[op] = (unit, count)
        if self._stage is Stage.NONE:
            said.do(DispenseCash(op, self.device, Cash({self._faces[unit]: count})))
        else:
            self._dispensed(said, op, Outcome.REFUSED, NO_CASH, "busy")

    def _dispensed(self, said: Said, op: OpId, outcome: Outcome, paid: Cash, code: str) -> None:
        unit, asked = self._payouts.pop(op)
        pieces = paid[self._faces[unit]]
        if paid.pieces != pieces:
            outcome, code = Outcome.UNKNOWN, "other-faces"
        said.tell(DispenseEnded(op, unit, outcome, asked, pieces, code=code))
        said.do(ReadCashCounts(self.device))

    def close(self) -> Said:
        """The core leaves: nothing more is taken. The deposit's end is the next life's."""
        said = Said()
        if self._stage in (Stage.OPENING, Stage.OPEN):
            self._fix(said)
        return said

    # --- the machine

    def hear(self, event: Event) -> Said:
        said = Said()
        match event:
            case DeviceArrived(identity=identity):
                self._identity, self._stage, self._counts = identity, Stage.UNKNOWN, None
                said.tell(*(DeviceArrived(each, identity) for each in self.devices))
                said.do(ReadCashCounts(self.device))
            case DeviceLost(code=code):
                self._stage = Stage.UNKNOWN
                self._faults.clear()
                said.tell(*(DeviceLost(each, code) for each in self.devices))
            case DepositRead():
                self._deposit_read(said, event)
            case DepositStarted(op=op) if op == self._op and self._stage is Stage.OPENING:
                self._stage = Stage.OPEN
                said.tell(AcceptanceSet(self.device, self._open))
                self._go_on(said)
            case DepositCounted(op=op, counts=counts) if op == self._op:
                self._credit(said, counts)
            case DepositFixed(op=op, counts=counts) if op == self._op:
                self._fixed(said, counts)
            case DepositEnded(op=op) if op == self._op:
                self._ended(said, event)
            case ChangerRefused():
                self._refused(said, event)
            case CashCountsRead():
                self._counted(said, event)
            case ChangerStatus(status=status, full=full):
                self._status = (status, full)
                self._fault(said, "jam", status is DeviceStatus.JAM)
                self._tell_units(said)
            case CashDispensed(op=op, outcome=outcome, paid=paid, code=code) if op in self._payouts:
                self._dispensed(said, op, outcome, paid, code)
            case DeviceFault(code=code, clear=clear):
                self._fault(said, code, not clear)
        return said

    def _deposit_read(self, said: Said, event: DepositRead) -> None:
        """After an arrival: what the machine knows of its last deposit, against what the journal knows."""
        if self._stage is not Stage.UNKNOWN:
            return
        number = event.op.removeprefix(self._prefix)
        epoch = int(number) if number.isdecimal() and event.op.startswith(self._prefix) else 0
        if not self._is_known:
            self._epoch = max(self._epoch, epoch)
            if event.is_open:
                self._fault(
                    said, "foreign-deposit", True
                )  # it stays shut until somebody has ended that at the machine
            else:
                self._is_known = self._is_over = True
                self._count(said)
            return
        if epoch > self._epoch:  # begun by us, and nobody wrote down a piece of it
            self._epoch, self._told, self._durable = epoch, NO_CASH, 0
        elif epoch < self._epoch and not self._is_over:
            self._forgotten(said)
        if epoch == self._epoch:
            self._credit(said, event.counts)
        if event.is_open and epoch == self._epoch:
            self._fixed(said, event.counts) if event.is_fixed else self._fix(said)
        else:
            self._count(said)

    def _forgotten(self, said: Said) -> None:
        """Its memory is gone, and with it what a deposit had: what we credited may be in it, or in the person's hand.
        Nothing more is paid out by this machine until it arrives anew, and a person has looked."""
        is_ours = self._has_begun and self._told.pieces > 0
        self._new_epoch(said, MAY_BE_MISSING)
        for unit in self._faces if is_ours else ():
            self._fault(said, f"deposit-{unit}", True, unit)

    def _fix(self, said: Said) -> None:
        self._stage = Stage.FIXING
        said.do(FixDeposit(self._op, self.device))

    def _count(self, said: Said) -> None:
        self._stage = Stage.COUNTING
        said.do(ReadCashCounts(self.device))

    def _credit(self, said: Said, counts: Cash) -> None:
        """Each piece that is not told yet, in an order that does not matter: the sum of an epoch decides."""
        if not counts.covers(self._told) or counts.pieces - self._told.pieces > MAY_BE_MISSING:
            if not self._is_lost:
                said.tell(CreditsLost(self.device, self._epoch, MAY_BE_MISSING))
            self._is_lost = True
            return
        for face, count in (counts - self._told).items():
            for _ in range(count):
                self._told += Cash({face: 1})
                unit = self._units.get(face, CASHBOX)
                seq = self._told.pieces
                said.tell(CoinAccepted(self.device, self._epoch, seq, RAW, face, unit, self._identity))

    def _fixed(self, said: Said, counts: Cash) -> None:
        self._stage = Stage.FIXED
        self._credit(said, counts)
        self._go_on(said)

    def _ended(self, said: Said, event: DepositEnded) -> None:
        """All of it is the machine's now. One that says otherwise holds less than we credited, or nobody knows."""
        if event.outcome is not Outcome.CONFIRMED or event.accepted != self._told:
            said.tell(CreditsLost(self.device, self._epoch, max(1, self._told.pieces)))
        self._is_over = True
        self._count(said)

    def _refused(self, said: Said, event: ChangerRefused) -> None:
        """Nothing moved. A deposit that is not as we think is looked at again."""
        if event.op in self._payouts:
            self._dispensed(said, event.op, Outcome.REFUSED, NO_CASH, event.code)
        elif event.op != self._op or event.code == "away":
            return
        elif self._stage is Stage.OPENING:
            self._wanted = ()  # the engine is told that nothing is open, and asks again when it wants to
            self._stage = Stage.NONE
            self._fault(said, "refused", True)
            self._go_on(said)
        else:
            self._stage = Stage.UNKNOWN
            said.do(ReadDeposit(self.device))

    def _counted(self, said: Said, event: CashCountsRead) -> None:
        self._counts, self._is_discrepant = event.counts, event.is_discrepant
        if self._stage not in (Stage.NONE, Stage.COUNTING, Stage.UNKNOWN):
            return  # money is coming in: the count behind it is read when it is over
        self._tell_units(said)
        if self._stage is Stage.COUNTING:
            self._stage = Stage.NONE
            self._fault(said, "refused", False)
            self._go_on(said)

    def _tell_units(self, said: Said) -> None:
        if self._counts is None or self._stage not in (Stage.NONE, Stage.COUNTING, Stage.UNKNOWN):
            return
        status, full = self._status
        is_low = status in (DeviceStatus.EMPTY, DeviceStatus.NEAREMPTY)
        for unit, face in self._faces.items():
            count = self._counts[face]
            is_high = full is not FullStatus.OK
            said.tell(HopperRead(unit, face, self._identity, count, 0, is_low, is_high, count))
            self._fault(said, f"counts-{unit}", self._is_discrepant, unit)

    def _fault(self, said: Said, code: str, is_there: bool, device: DeviceId | None = None) -> None:
        """Told when it changes."""
        if is_there == (code in self._faults):
            return
        self._faults ^= {code}
        said.tell(
            DeviceFault(device or self.device, code.partition("-")[0] if device else code, not is_there)
        )
