"""What the journal holds. Money and paper exist for us when their record is durable. No personal data, ever.

Each record is a frozen Struct with its own name (tag). `FORMAT` is written beside each record; release N reads N-1.
Record order is the journal's sequence, never the wall clock.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk.ids import DeviceId, LineId, OpId, TransactionId
from kiosk.money import NO_CASH, Cash, Denomination, Yen

FORMAT = 1
READABLE_FORMATS = (1,)


class Record(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """A fact or an intent, never changed, never deleted."""


# --- the machine ------------------------------------------------------------------------------------------------------


class Started(Record, frozen=True):
    """The core came up. `version` of the software, `boot` = kernel boot id, `mode` of the machine."""

    version: str
    boot: str
    mode: str = ""


class Stopped(Record, frozen=True):
    """An orderly end."""


class StockSet(Record, frozen=True):
    """A counted unit: pieces in it now, by an identified person (`accurateSet` in XFS4IoT's words)."""

    unit: DeviceId
    cash: Cash
    operator: str


class DayClosed(Record, frozen=True):
    """Everything after the previous close up to here is one business day. Money of the day is in the balances."""

    number: int
    operator: str
    date: str = ""
    """For people, Japan's date when it was closed: `2026-11-30`. Which day a record is in, the sequence says."""


class Checkpoint(Record, frozen=True):
    """Sealed: balances up to and including record `upto`, whose chain hash is `head`; signed by the device key."""

    upto: int
    head: str
    balances: bytes
    """The ledger as canonical JSON."""
    signature: bytes
    key_id: str


class IncidentOpened(Record, frozen=True):
    """Something a person has to look at. `code` from the catalogue; `facts` are counts and codes only."""

    incident: str
    code: str
    transaction: TransactionId | None = None
    device: DeviceId | None = None
    amount: Yen = Yen(0)
    facts: tuple[tuple[str, str], ...] = ()


class FaceCheckEnded(Record, frozen=True):
    """A face was compared with a card's photo, or should have been. Words only; there is no number of a face."""

    transaction: TransactionId
    outcome: str
    """FaceOutcome."""
    band: str
    """FaceBand."""
    reason: str
    threshold: float


class FaceVouched(Record, frozen=True):
    """A member of staff looked at the card's photo and the person, and said that they are the same."""

    transaction: TransactionId
    role: str
    """Whose panel it was said on."""


class StaffHelped(Record, frozen=True):
    """The assistant's panel did something in this visit. `act` is the intent's name; never what was chosen."""

    transaction: TransactionId
    act: str


class StaffCalled(Record, frozen=True):
    """A person is wanted at the machine. `by`: `resident`, `assistant`, `machine`; `step`: of the visit, or the phase
    where nobody is being served; `code`: what the screen says went wrong, if anything."""

    by: str
    step: str
    code: str = ""


class CallAnswered(Record, frozen=True):
    """Somebody said that they are coming, so many seconds after the call. `on`: `panel`, `page` (the staff page)."""

    waited_s: int
    on: str


class CallEnded(Record, frozen=True):
    """`how`: `helped` (staff began to help), `settled` (staff said so), `over` (what it was about is over)."""

    waited_s: int
    how: str


class StepTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So long in one step of the plan, all told."""

    step: str
    seconds: float


class VisitBegun(Record, frozen=True):
    """Somebody began. A life that finds one without its end writes that end (`interrupted`): no visit is uncounted."""


class VisitEnded(Record, frozen=True):
    """One visit, for counting: what the machine was asked to be and did, nothing of who was there. It names no
    transaction on purpose."""

    language: str
    end: str
    """`issued`, `partly`, `left` (cancel), `nobody` (time), `refused`, `failed` (after the order, nothing came out),
    `interrupted` (by a restart; its language is not known)."""
    step: str
    """The step in which it was given up or refused; of an issued one the last."""
    codes: tuple[str, ...] = ()
    """Public codes that the screen told, in their order, each once."""
    papers: tuple[tuple[str, int], ...] = ()
    """(kind, copies) that came out."""
    means: str = ""
    """`cash` or a brand's key; empty: nothing was taken."""
    is_assisted: bool = False
    manners: tuple[str, ...] = ()
    """What was not as it waits: `text-L`, `contrast-black`, `voice`, `low`."""
    times: tuple[StepTime, ...] = ()


class IncidentNoted(Record, frozen=True):
    """Somebody of the staff left a word for the next; never a name."""

    incident: str
    staff: str
    note: str


class Rated(Record, frozen=True):
    """Somebody's answer to a question of the last screen. It names no visit: a count without a person.

    `question` `ease` (how was it?): `good`, `fair`, `poor`; `alone` (could you do it alone, or at a convenience store,
    next time?): `yes`, `no`."""

    question: str
    answer: str


class EmergencySeen(Record, frozen=True):
    """The building's alarm contact closed (`is_on`), or opened again."""

    is_on: bool


class IncidentClosed(Record, frozen=True):
    incident: str
    operator: str
    reason: str


# --- staff and the cash they touch ------------------------------------------------------------------------------------


class Fund(enum.Enum):
    """Whose money a yen in the machine is. 預り (held) is nobody's here: it cannot be collected."""

    FLOAT = "float"
    """つり銭資金, lent to a named officer; never revenue."""
    RECEIPTS = "receipts"
    """収納金: fees booked."""
    COUNTER = "counter"
    """The counter paid a slip out of its own pocket (戻出); the machine kept that money, and it is the counter's."""
    FOUND = "found"
    """Of somebody unknown: 遺失物."""
    DIFFERENCE = "difference"
    """過不足: what a count found beside the books, until somebody has decided whose it is."""


class UnitBefore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One unit as an exchange finds it: by the books, by the device's own count (None: it has none), its counters."""

    unit: DeviceId
    expected: Cash
    accuracy: str
    device: Cash | None = None
    event_counter: int | None = None
    lifetime: int | None = None


class UnitAfter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done to one unit, pieces by face. `counted`: by hand, before anything was moved (`accurateSet`)."""

    unit: DeviceId
    counted: Cash | None = None
    put_in: Cash = NO_CASH
    taken_out: Cash = NO_CASH


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So much of what was moved belongs to this fund; above zero it was put in, below it was taken out."""

    fund: Fund
    amount: Yen


class StaffEntered(Record, frozen=True):
    """An identified person is at the machine. `staff` is a number, never a name."""

    staff: str
    role: str


class StaffLeft(Record, frozen=True):
    """`reason`: `left`, or `time`: nothing was heard of them for too long."""

    staff: str
    reason: str = "left"


class StaffRefused(Record, frozen=True):
    """A card on the list of staff did not let its bearer in. `reason`: `pin`, `blocked`, `signature`, `time`;
    of sealed codes, which are nobody's till one is right: `code`, `signature`."""

    staff: str
    reason: str


class SealUsed(Record, frozen=True):
    """A sealed code was entered, and opens nothing any more. `seal`: which one (kiosk/sealed.py), `holder`: whose."""

    seal: str
    holder: str
    role: str


class StaffTested(Record, frozen=True):
    """A test of the machine at its staff desk, and what came of it. `touch`: of a calibration, the correction that
    holds from now on."""

    test: str
    staff: str
    has_passed: bool
    touch: tuple[int, ...] = ()


class ExchangeStarted(Record, frozen=True):
    """A box is opened (XFS4IoT StartExchange): from here the machine takes no cash till the exchange has ended.

    `purpose`: `replenish` 補充, `collect` 回収, `recount` 精査, `repair` (a technician, beside a cash officer).
    """

    exchange: str
    purpose: str
    operator: str
    units: tuple[UnitBefore, ...]
    witness: str = ""
    """The cash officer beside the technician."""


class ExchangeEnded(Record, frozen=True):
    """All of it in one record (XFS4IoT EndExchange): what lies in the units now, and whose the moved money was."""

    exchange: str
    operator: str
    units: tuple[UnitAfter, ...]
    shares: tuple[Share, ...]
    difference: Yen = Yen(0)
    """Counted less expected, of all counted units."""
    reason: str = ""
    """Why they differ, a code of the treasury's list; empty when they do not."""
    note: str = ""


class FoundRegistered(Record, frozen=True):
    """遺失物: what somebody left behind, by number. `what`: `cash`, `card`, `paper`, `other`. Never revenue."""

    found: str
    what: str
    operator: str
    place: str
    """`machine`: pieces without an owner that lie in a unit; `tray`, `reader`, `floor`."""
    amount: Yen = Yen(0)
    number: str = ""
    """Of the transaction it may belong to."""


class FoundHandedOver(Record, frozen=True):
    """`to`: `owner`, `police`, `office` (the town's own lost property office)."""

    found: str
    operator: str
    to: str


# --- a transaction ----------------------------------------------------------------------------------------------------


class OrderedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One copy of one certificate. No content, no person: kind, fee, 発行番号."""

    line: LineId
    kind: str
    fee: Yen
    serial: str
    pages: int


class TransactionOpened(Record, frozen=True):
    """The order is confirmed, documents are prepared, money may now come."""

    transaction: TransactionId
    number: str
    """Short number for slips and staff: day's sequence, e.g. `0042`."""
    due: Yen
    lines: tuple[OrderedLine, ...]


class CoinIn(Record, frozen=True):
    """One piece came in: 預り (held). Unique by (device, epoch, seq)."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    denomination: Denomination
    unit: DeviceId
    serial: str
    transaction: TransactionId | None
    """None: money that came in when no transaction was open (late credit). It is a liability all the same."""


class NoteIntended(Record, frozen=True):
    """Durable before the note in escrow is ordered in. `op` is the key of its credit for ever. `issue` is the device's
    own code: old and new notes of one face differ in it."""

    op: OpId
    device: DeviceId
    denomination: Denomination
    issue: str
    transaction: TransactionId


class NoteIn(Record, frozen=True):
    """The note is in and cannot go back: 預り (held). Durable before the device may forget it. Once for an `op`."""

    op: OpId
    device: DeviceId
    denomination: Denomination
    issue: str
    unit: DeviceId
    """Where it goes as far as the device has said."""
    transaction: TransactionId


class NoteStored(Record, frozen=True):
    """A credited note lies in `unit` (empty: where NoteIn said). The end of its `op`."""

    op: OpId
    device: DeviceId
    unit: DeviceId


class NoteBack(Record, frozen=True):
    """The note went back to the person: proven, no money. The end of its `op`."""

    op: OpId
    device: DeviceId
    transaction: TransactionId
    denomination: Denomination
    code: str


class NoteDoubted(Record, frozen=True):
    """A note is inside, or was, and nothing proves whose it is. `op` empty: no order of ours explains it."""

    op: OpId
    device: DeviceId
    code: str
    transaction: TransactionId | None
    denomination: Denomination | None


class NoteResolved(Record, frozen=True):
    """A note in doubt settled by an identified person: it lies in `unit`, or (empty) the person has it back."""

    op: OpId
    device: DeviceId
    transaction: TransactionId
    denomination: Denomination
    unit: DeviceId
    by: str
    reason: str


class NotePathClearing(Record, frozen=True):
    """A reset is an operation with an intent: durable before the device is told to clear its path."""

    device: DeviceId
    code: str


class AcceptorEpoch(Record, frozen=True):
    """The acceptor's counter began anew at `raw`; 0 to `at_most` pieces since the last poll are unknown."""

    device: DeviceId
    epoch: int
    serial: str
    at_most: int
    raw: int = 0


class CounterMoved(Record, frozen=True):
    """A piece was refused: no money, but the acceptor's counter stands elsewhere, and a restart must know where."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    serial: str


class CreditsUnknown(Record, frozen=True):
    """The device counted up to `at_most` pieces that nobody can name."""

    device: DeviceId
    epoch: int
    at_most: int
    transaction: TransactionId | None


class PayoutDecided(Record, frozen=True):
    """Why money will go out. `purpose`: `change` (after booking), `return` (held money back), `offer`
    (after a restart)."""

    payout: OpId
    transaction: TransactionId
    purpose: str
    amount: Yen


class DispenseIntended(Record, frozen=True):
    """Durable before the byte leaves. The counters before are the evidence after a crash."""

    op: OpId
    payout: OpId
    transaction: TransactionId
    device: DeviceId
    denomination: Denomination
    count: int
    event_counter: int
    lifetime: int
    serial: str


class DispenseAdvanced(Record, frozen=True):
    """`paid` notes of this payout are proven out so far; durable before the device may go on to the next."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    denomination: Denomination
    paid: int


class DispenseSettled(Record, frozen=True):
    """What the device proved. `outcome`: `confirmed`, `refused`, `partial`, `unknown`. UNKNOWN: count -
    paid are in doubt."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    denomination: Denomination
    count: int
    paid: int
    outcome: str
    code: str = ""


class DispenseResolved(Record, frozen=True):
    """An UNKNOWN settled later by device evidence (`device`) or an identified person."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    denomination: Denomination
    paid: int
    by: str
    reason: str


class OwedOnSlip(Record, frozen=True):
    """Money we could not give: a liability the counter pays, once (戻出). `reason`: `shortage`, `unknown`, `restart`,
    `not-taken`, `not-voided` (paid cashless, and it cannot be voided here)."""

    transaction: TransactionId
    slip: str
    amount: Yen
    reason: str
    means: str = "cash"
    """How it had been paid: what was paid cashless does not lie in our units."""


class SlipRedeemed(Record, frozen=True):
    slip: str
    amount: Yen
    operator: str


class PaymentIntended(Record, frozen=True):
    """Durable before the request leaves. (SaleID of this kiosk, `poi`, `op`) is its key at the terminal for ever."""

    op: OpId
    transaction: TransactionId
    device: DeviceId
    poi: str
    amount: Yen
    means: str
    """The brand's key in the town's file: `edy`."""


class PaymentSettled(Record, frozen=True):
    """How it stands. `amount`: proven to be taken. UNKNOWN (処理未了): the whole of what was asked is in doubt."""

    op: OpId
    transaction: TransactionId
    amount: Yen
    outcome: str
    reference: str = ""
    """The terminal's own number of it."""
    code: str = ""


class PaymentResolved(Record, frozen=True):
    """An UNKNOWN settled later, by the terminal (`device`) or an identified person: `amount` was taken, or nothing."""

    op: OpId
    transaction: TransactionId
    amount: Yen
    by: str
    reason: str
    reference: str = ""


class ReversalIntended(Record, frozen=True):
    """Durable before the void leaves: the whole of the payment `of`."""

    op: OpId
    of: OpId
    transaction: TransactionId
    device: DeviceId
    poi: str
    amount: Yen
    means: str


class ReversalSettled(Record, frozen=True):
    """`confirmed`: the payment is undone. `refused`: it stands. `unknown`: in doubt."""

    op: OpId
    transaction: TransactionId
    outcome: str
    code: str = ""


class ReversalResolved(Record, frozen=True):
    """An UNKNOWN void settled later, by the terminal (`device`) or an identified person."""

    op: OpId
    transaction: TransactionId
    is_done: bool
    by: str
    reason: str


class TerminalTotal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a terminal counted of one brand since it was reconciled last."""

    brand: str
    payments: int
    paid: Yen
    reversals: int
    reversed: Yen


class ReconciliationIntended(Record, frozen=True):
    """Durable before the terminal is asked to end its own day. What was settled at this device since the last such
    record is what its answer is held against."""

    op: OpId
    device: DeviceId
    poi: str


class ReconciliationEnded(Record, frozen=True):
    """The terminal's own count. `confirmed`, or it did not answer: nothing is asked again before the next close."""

    op: OpId
    device: DeviceId
    outcome: str
    totals: tuple[TerminalTotal, ...] = ()
    code: str = ""


class CommitIntended(Record, frozen=True):
    transaction: TransactionId
    line: LineId


class LineCommitted(Record, frozen=True):
    """The server made it valid."""

    transaction: TransactionId
    line: LineId


class PrintIntended(Record, frozen=True):
    op: OpId
    transaction: TransactionId
    line: LineId
    device: DeviceId
    pages: int
    sheets: int = 0
    """Of paper; 0 in journals of before: as many as pages."""


class PrintSettled(Record, frozen=True):
    op: OpId
    transaction: TransactionId
    line: LineId
    outcome: str
    pages: int
    code: str = ""


class LineBooked(Record, frozen=True):
    """The paper is proven out: its fee goes from 預り (held) to 収納金 (receipts)."""

    transaction: TransactionId
    line: LineId
    kind: str
    fee: Yen
    means: str


class ReceiptIntended(Record, frozen=True):
    """Durable before the receipt (cashless: the statement) is sent: one of a transaction, never a second."""

    op: OpId
    transaction: TransactionId
    device: DeviceId


class ReceiptSettled(Record, frozen=True):
    """`confirmed`: it came out. `refused`: it did not. `unknown`: it may have, so staff look; it is not sent again."""

    op: OpId
    transaction: TransactionId
    outcome: str
    code: str = ""


class PrintedReported(Record, frozen=True):
    """The server has acknowledged `printed` for this line."""

    transaction: TransactionId
    line: LineId


class LineVoided(Record, frozen=True):
    """Not wanted, or proven not printed; to be reported to the server until acknowledged."""

    transaction: TransactionId
    line: LineId
    reason: str


class VoidReported(Record, frozen=True):
    transaction: TransactionId
    line: LineId


class TransactionClosed(Record, frozen=True):
    """Nothing is held for it any more. `result`: `issued`, `cancelled`, `partly`, `failed`, `slip`."""

    transaction: TransactionId
    result: str


AnyRecord = (
    Started
    | Stopped
    | StockSet
    | DayClosed
    | Checkpoint
    | IncidentOpened
    | IncidentNoted
    | IncidentClosed
    | StaffEntered
    | StaffLeft
    | StaffRefused
    | SealUsed
    | StaffTested
    | ExchangeStarted
    | ExchangeEnded
    | FoundRegistered
    | FoundHandedOver
    | FaceCheckEnded
    | FaceVouched
    | StaffHelped
    | StaffCalled
    | CallAnswered
    | CallEnded
    | VisitBegun
    | VisitEnded
    | Rated
    | EmergencySeen
    | TransactionOpened
    | CoinIn
    | NoteIntended
    | NoteIn
    | NoteStored
    | NoteBack
    | NoteDoubted
    | NoteResolved
    | NotePathClearing
    | AcceptorEpoch
    | CounterMoved
    | CreditsUnknown
    | PayoutDecided
    | DispenseIntended
    | DispenseAdvanced
    | DispenseSettled
    | DispenseResolved
    | OwedOnSlip
    | SlipRedeemed
    | PaymentIntended
    | PaymentSettled
    | PaymentResolved
    | ReversalIntended
    | ReversalSettled
    | ReversalResolved
    | ReconciliationIntended
    | ReconciliationEnded
    | CommitIntended
    | LineCommitted
    | PrintIntended
    | PrintSettled
    | LineBooked
    | ReceiptIntended
    | ReceiptSettled
    | PrintedReported
    | LineVoided
    | VoidReported
    | TransactionClosed
)
