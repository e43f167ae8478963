"""The ledger and its parts: units, accounts, payouts, doubts, slips, totals. Frozen values, pure.

Counted units use XFS4IoT's words (CWA 17852, Storage/CashManagement): `initial`, `deposited` (in),
`presented` and `unknown` (out), and `accuracy`. 預り = held, 収納金 = receipts, つり銭資金 = float.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiosk.ids import DeviceId, LineId, OpId, TransactionId
from kiosk.journal.records import UnitBefore
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.ports import CreditMark

SHAPE = 6
"""Of sealed balances. Raise it with any field or rule: then the records are folded again instead."""

ZERO = Yen(0)
CASH = "cash"
"""The one means of payment that lies in our units."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the ledger; folding makes new ones, none is changed."""


class Unit(Part, frozen=True):
    """A box or hopper and the pieces in it, by our own books."""

    unit: DeviceId
    initial: Cash = NO_CASH
    deposited: Cash = NO_CASH
    presented: Cash = NO_CASH
    unknown: Cash = NO_CASH
    """Pieces that may or may not have left (UNKNOWN dispenses): still in the books, never planned with."""
    accuracy: str = "unknown"
    """`accurateSet` a person counted; `inaccurate` something happened since; `unknown` never counted."""

    @property
    def is_exact(self) -> bool:
        """True when change may be planned from it."""
        return self.accuracy in {"accurate", "accurateSet"}

    @property
    def balance(self) -> dict[Denomination, int]:
        """initial + in - out for each face; below zero when the books are wrong."""
        faces = {*self.initial, *self.deposited, *self.presented}
        return {each: self.initial[each] + self.deposited[each] - self.presented[each] for each in faces}

    @property
    def count(self) -> Cash:
        """What should lie in it, doubtful pieces included."""
        return Cash({each: max(0, count) for each, count in self.balance.items()})

    @property
    def plannable(self) -> Cash:
        """What lies in it for certain."""
        return Cash({each: max(0, count - self.unknown[each]) for each, count in self.balance.items()})

    @property
    def total(self) -> Yen:
        return self.initial.total + self.deposited.total - self.presented.total


class Line(Part, frozen=True):
    """One copy of one certificate, as far as it has come."""

    line: LineId
    kind: str
    fee: Yen
    serial: str
    pages: int
    is_commit_intended: bool = False
    is_committed: bool = False
    print_outcome: str = ""
    """Of the last settled print: `confirmed`, `refused`, `partial`, `unknown`; empty: none settled."""
    pages_printed: int = 0
    means: str = ""
    """How it was paid; empty: not booked."""
    void_reason: str = ""
    """Empty: not voided."""

    @property
    def is_booked(self) -> bool:
        return self.means != ""

    @property
    def is_voided(self) -> bool:
        return self.void_reason != ""

    @property
    def is_resolved(self) -> bool:
        """Nobody waits for this line: booked, voided, or never made valid."""
        return self.is_booked or self.is_voided or not self.is_commit_intended


class Cashless(Part, frozen=True):
    """A payment or a void: its end is not recorded, or was UNKNOWN, or (as `Account.payment`) it stands."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    poi: str
    amount: Yen
    means: str
    seq: int
    of: OpId | None = None
    """The payment that is voided; None: it is a payment."""
    reference: str = ""
    is_unknown: bool = False
    day: int = 0
    """So many days were closed before it."""


class Account(Part, frozen=True):
    """The money of one transaction.

    Cash: inserted = held + booked + change + returned + in_doubt + owed.
    Cashless: charged = held_cashless + booked_cashless + reversed + in_doubt_reversal + owed_cashless.
    """

    transaction: TransactionId
    number: str
    due: Yen
    lines: dict[LineId, Line]
    opened_seq: int
    inserted: Cash = NO_CASH
    booked: Yen = ZERO
    """収納金, paid in cash."""
    booked_cashless: Yen = ZERO
    charged: Yen = ZERO
    """Proven to be taken by a terminal, voided or not."""
    reversed: Yen = ZERO
    """Voided: it never was ours."""
    in_doubt_payment: Yen = ZERO
    """処理未了: nobody can say whether it was taken. In no balance until somebody can."""
    in_doubt_reversal: Yen = ZERO
    """Taken, and nobody can say whether the void was done."""
    owed_cashless: Yen = ZERO
    """Taken, not voided, and on slips: the counter pays."""
    payment: Cashless | None = None
    """The payment that stands, with what its void needs."""
    change: Yen = ZERO
    """Given out as change (after booking)."""
    returned: Yen = ZERO
    """Given out as held money (before booking, or after a restart). No refund: it never was ours."""
    in_doubt: Yen = ZERO
    """Sent to the device, not proven: neither held nor given."""
    owed: Yen = ZERO
    """On slips, redeemed or not: no longer the machine's to give."""
    last: str = ""
    """The tag of the last record that names this transaction; what recovery looks at."""
    last_seq: int = 0
    result: str = ""
    """Of TransactionClosed; empty: open."""
    receipt: str = ""
    """`intended`, or how it ended; empty: none was sent."""
    note_doubt: Yen = ZERO
    """Faces of notes of which nobody knows whether they are in: not inserted, and not given back either."""

    @property
    def held(self) -> Yen:
        """預り: the resident's money, in the machine."""
        given = self.booked + self.change + self.returned
        return self.inserted.total - given - self.in_doubt - self.owed

    @property
    def held_cashless(self) -> Yen:
        """預り, taken by a terminal: not earned yet, never given back in cash."""
        gone = self.booked_cashless + self.reversed + self.in_doubt_reversal + self.owed_cashless
        return self.charged - gone

    @property
    def remaining(self) -> Yen:
        """What is still to be paid; never below zero."""
        return max(ZERO, self.due - self.inserted.total - (self.charged - self.reversed))

    @property
    def in_doubt_cashless(self) -> Yen:
        return self.in_doubt_payment + self.in_doubt_reversal

    @property
    def is_receipt_owed(self) -> bool:
        """Something was paid for and is out, and no receipt of it was ever sent."""
        is_earned = any(line.is_booked and line.fee for line in self.lines.values())
        return is_earned and not self.receipt

    @property
    def is_open(self) -> bool:
        return self.result == ""

    @property
    def is_settled(self) -> bool:
        """Nothing of it needs a person or a device any more."""
        if self.is_open or self.in_doubt or self.held or self.note_doubt:
            return False
        if self.held_cashless or self.in_doubt_cashless:
            return False
        return all(each.is_resolved for each in self.lines.values())


class Payout(Part, frozen=True):
    """Money decided to go out, until all is settled: amount = paid + in_doubt + on_slip + open."""

    payout: OpId
    transaction: TransactionId
    purpose: str
    amount: Yen
    seq: int
    paid: Yen = ZERO
    in_doubt: Yen = ZERO
    on_slip: Yen = ZERO

    @property
    def open(self) -> Yen:
        """Still to be given: from another unit, or on a slip."""
        return self.amount - self.paid - self.in_doubt - self.on_slip


class Dispense(Part, frozen=True):
    """An intent whose end is not recorded (`is_unknown` False) or whose end was UNKNOWN (True)."""

    op: OpId
    payout: OpId
    purpose: str
    transaction: TransactionId
    device: DeviceId
    denomination: Denomination
    count: int
    event_counter: int
    lifetime: int
    serial: str
    seq: int
    in_doubt: int = 0
    """Pieces nobody can vouch for; the proven ones are already paid."""
    proven: int = 0
    is_unknown: bool = False
    is_recounted: bool = False
    """A person counted the unit since: settling it corrects what the count was booked on, no longer the unit."""
    is_exchanged: bool = False
    """That count was an exchange's: it was booked as 過不足. Otherwise as float."""
    advanced: int = 0
    """Notes of it that are proven out while it still runs."""


class Note(Part, frozen=True):
    """A note that was ordered in and whose end is not recorded."""

    op: OpId
    device: DeviceId
    denomination: Denomination
    issue: str
    transaction: TransactionId
    seq: int
    is_credited: bool = False
    """Its credit is durable: only where it lies is still to be told."""
    is_doubtful: bool = False
    """UNKNOWN: only the device's evidence or an identified person ends it."""
    unit: DeviceId = DeviceId("")

    @property
    def is_pending(self) -> bool:
        """Ordered in, and nothing is known yet."""
        return not self.is_credited and not self.is_doubtful


class Print(Part, frozen=True):
    """A print whose end is not recorded."""

    op: OpId
    transaction: TransactionId
    line: LineId
    device: DeviceId
    pages: int
    seq: int


class ReceiptPrint(Part, frozen=True):
    """A receipt whose end is not recorded."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    seq: int


class Slip(Part, frozen=True):
    """A liability that the counter pays, once."""

    slip: str
    transaction: TransactionId
    amount: Yen
    """Firm: may be redeemed."""
    doubtful: Yen
    """Of money in doubt: becomes firm as far as the doubt resolves to "not paid"."""
    reason: str
    seq: int
    means: str = CASH
    """How it had been paid."""


class Incident(Part, frozen=True):
    incident: str
    code: str
    transaction: TransactionId | None
    device: DeviceId | None
    amount: Yen
    seq: int
    notes: tuple[str, ...] = ()


class Tested(Part, frozen=True):
    """The last result of a test, and at which record."""

    has_passed: bool
    staff: str
    seq: int


class CreditDoubt(Part, frozen=True):
    """Up to `at_most` pieces of unknown value came in: there may be more than the books say, never less."""

    device: DeviceId
    epoch: int
    at_most: int
    transaction: TransactionId | None
    seq: int


class ReportDue(Part, frozen=True):
    """The server has not yet acknowledged what became of this line. `what`: `printed` or `void`."""

    transaction: TransactionId
    line: LineId
    what: str
    reason: str
    seq: int
    serial: str = ""
    pages: int = 0


class Exchange(Part, frozen=True):
    """A box is open: who opened it, what for, and which units."""

    exchange: str
    purpose: str
    operator: str
    witness: str
    units: tuple[UnitBefore, ...]
    seq: int

    @property
    def names(self) -> tuple[DeviceId, ...]:
        return tuple(each.unit for each in self.units)


class Found(Part, frozen=True):
    """遺失物, not handed over yet."""

    found: str
    what: str
    place: str
    amount: Yen
    number: str
    seq: int


class Receipts(Part, frozen=True):
    """収納金 of one kind by one means."""

    kind: str
    means: str
    count: int
    amount: Yen


class Totals(Part, frozen=True):
    """Running totals since the journal began; a day is the difference of two of them."""

    receipts: dict[str, Receipts] = {}
    """Key `kind/means`."""
    transactions: int = 0
    cash_in: Yen = ZERO
    change: Yen = ZERO
    returned: Yen = ZERO
    owed: Yen = ZERO
    """Put on slips (firm)."""
    redeemed: Yen = ZERO
    """Slips paid at the counter: money in the machine that is the counter's now."""
    charged: Yen = ZERO
    """Taken by terminals."""
    reversed: Yen = ZERO
    """Of it, voided."""
    owed_cashless: Yen = ZERO
    """Of it, put on slips (firm)."""
    redeemed_cashless: Yen = ZERO
    """Of these, paid at the counter, out of the counter's own cash."""
    voided: int = 0

    @property
    def receipts_cash(self) -> Yen:
        return Yen.sum(each.amount for each in self.receipts.values() if each.means == CASH)

    @property
    def receipts_cashless(self) -> Yen:
        return Yen.sum(each.amount for each in self.receipts.values() if each.means != CASH)


class DayClose(Part, frozen=True):
    """The last close: everything up to and including `seq` is in it."""

    number: int
    seq: int
    totals: Totals
    """Of the whole journal up to here."""
    before: Totals
    """Up to the close before: the difference is that day's sheet, the same at each re-print."""


class Ledger(Part, frozen=True):
    """All balances after record `seq`. A value: folding a record gives the next one."""

    shape: int = SHAPE
    seq: int = 0
    units: dict[DeviceId, Unit] = {}
    accounts: dict[TransactionId, Account] = {}
    """Open ones, and closed ones that still need somebody."""
    unassigned: Cash = NO_CASH
    """Came in while no transaction was open: owed to somebody unknown, never revenue."""
    payouts: dict[OpId, Payout] = {}
    """Not finished."""
    dispenses: dict[OpId, Dispense] = {}
    """Intended, no end recorded: what recovery has to ask the devices about."""
    doubts: dict[OpId, Dispense] = {}
    """Ended UNKNOWN: stays until device evidence or an identified person resolves it."""
    notes: dict[OpId, Note] = {}
    """Ordered in, no end recorded."""
    cashless: dict[OpId, Cashless] = {}
    """Payments and voids without a recorded end, or UNKNOWN: what recovery has to ask the terminals about."""
    last_charges: dict[DeviceId, OpId] = {}
    """The last payment that each terminal has taken."""
    prints: dict[OpId, Print] = {}
    """Intended, no end recorded."""
    receipt_prints: dict[OpId, ReceiptPrint] = {}
    """Receipts sent, no end recorded; their transactions may be closed."""
    slips: dict[str, Slip] = {}
    """Not redeemed."""
    incidents: dict[str, Incident] = {}
    is_visited: bool = False
    """A visit has begun and has not ended."""
    touch: tuple[int, ...] = ()
    """What holds of the panel's calibration (SessionView.touch)."""
    tests: dict[str, Tested] = {}
    """The last result of each test of the machine."""
    wrong_pins: dict[str, int] = {}
    """Of a member of staff, since the last login: what the delay before the next try grows by."""
    seals_used: tuple[str, ...] = ()
    """Sealed codes that open nothing any more."""
    reports: dict[LineId, ReportDue] = {}
    marks: dict[DeviceId, CreditMark] = {}
    """The last credit of each acceptor."""
    credit_doubts: tuple[CreditDoubt, ...] = ()
    """Since the last day close."""
    float_amount: Yen = ZERO
    """つり銭資金: what identified persons put in, less what they took out and what a first count found."""
    remitted: Yen = ZERO
    """Of 収納金, taken out of the machine to be paid in (払込)."""
    restored: Yen = ZERO
    """Of what the counter paid for us (戻出), given back to it."""
    found_out: Yen = ZERO
    """Of money without an owner, taken out as 遺失物."""
    difference: Yen = ZERO
    """過不足: what counts found beyond the books (below zero: too little), not yet made good."""
    exchange: Exchange | None = None
    """A box is open: no cash is taken."""
    exchanges: int = 0
    """So many were begun: the number of the next."""
    last_exchange: str = ""
    """The one that ended last: asked to end it again, we know."""
    founds: int = 0
    found: dict[str, Found] = {}
    totals: Totals = Totals()
    day: DayClose | None = None
    violations: tuple[str, ...] = ()
    """Records that should be impossible, with sequence number: a bug, or a tampered journal."""

    @property
    def open_transactions(self) -> tuple[Account, ...]:
        """Not closed, oldest first."""
        found = [each for each in self.accounts.values() if each.is_open]
        return tuple(sorted(found, key=lambda each: each.opened_seq))

    @property
    def next_number(self) -> str:
        """The short number of the next transaction of this business day."""
        before = self.day.totals.transactions if self.day else 0
        return f"{self.totals.transactions - before + 1:04d}"

    @property
    def receipts_inside(self) -> Yen:
        """収納金 in cash that has not been taken out."""
        return self.totals.receipts_cash - self.remitted

    @property
    def held(self) -> Yen:
        return Yen.sum(each.held for each in self.accounts.values())

    @property
    def in_doubt(self) -> Yen:
        return Yen.sum(each.in_doubt for each in self.accounts.values())

    @property
    def owed(self) -> Yen:
        """Firm amounts of all slips not redeemed, for cash that lies in our units."""
        return Yen.sum(each.amount for each in self.slips.values() if each.means == CASH)

    @property
    def owed_cashless(self) -> Yen:
        """The same, for what was paid cashless: the counter pays it, no unit holds it."""
        return Yen.sum(each.amount for each in self.slips.values() if each.means != CASH)

    @property
    def held_cashless(self) -> Yen:
        return Yen.sum(each.held_cashless for each in self.accounts.values())

    @property
    def in_doubt_cashless(self) -> Yen:
        return Yen.sum(each.in_doubt_cashless for each in self.accounts.values())

    @property
    def in_units(self) -> Yen:
        """What should lie in all units."""
        return Yen.sum(each.total for each in self.units.values())

    def stock(self, units: Iterable[DeviceId]) -> Cash:
        """Pieces of these units that change may be planned with: exact units only, doubtful ones left out."""
        found = NO_CASH
        for each in units:
            unit = self.units.get(each)
            if unit is not None and unit.is_exact:
                found += unit.plannable
        return found
