"""The whole state of the kiosk as frozen values, and `Turn`, one call of the engine at work on it. Pure."""

from __future__ import annotations

import enum
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from kiosk.badges import Member
from kiosk.engine.inner import Append
from kiosk.engine.setup import Setup
from kiosk.errors import ContractError
from kiosk.ids import DeviceId, LineId, OpId, TransactionId
from kiosk.intents import LOUDNESS_USUAL, PACE_USUAL, StaffIntent
from kiosk.journal.ledger import EMPTY, Ledger
from kiosk.journal.records import (
    CallAnswered,
    CallEnded,
    EmergencySeen,
    Rated,
    Record,
    StaffCalled,
    VisitBegun,
    VisitEnded,
)
from kiosk.money import Cash, Denomination, Yen
from kiosk.ports import (
    CardHintCode,
    CardHolder,
    CardRead,
    Command,
    Document,
    Entitlement,
    FaceBox,
    FaceHintCode,
    FaceOutcome,
    HopperRead,
    IssuanceStatus,
    NumberPart,
    OpenCodeSlot,
    OpenNumberSlot,
    OpenPinSlot,
    PrintEnded,
    PrinterRead,
    Slip,
    TerminalRead,
    TurnDirection,
)
from kiosk.services.plan import Step
from kiosk.treasury.acts import Staff


class Phase(enum.Enum):
    """Where the conversation stands. The table says what may happen in each."""

    STARTING = "starting"
    OUT_OF_SERVICE = "out_of_service"
    IDLE = "idle"
    CHOOSING_LANGUAGE = "choosing_language"
    OFFERING_FACE = "offering_face"
    OPENING_NUMBER = "opening_number"
    SHOWING_CARD = "showing_card"
    """The card's front is held to the camera."""
    ENTERING_NUMBER = "entering_number"
    AWAITING_CARD = "awaiting_card"
    READING_SURFACE = "reading_surface"
    OPENING_PIN = "opening_pin"
    CONSENTING_LAST_TRY = "consenting_last_try"
    ENTERING_PIN = "entering_pin"
    SIGNING = "signing"
    READY_FOR_FACE = "ready_for_face"
    CHECKING_FACE = "checking_face"
    CHOOSING_OTHER_WAY = "choosing_other_way"
    AWAITING_LOOK = "awaiting_look"
    RETURNING_CARD = "returning_card"
    AUTHENTICATING = "authenticating"
    CHOOSING_KINDS = "choosing_kinds"
    CHOOSING_PURPOSE = "choosing_purpose"
    """What is it for? The town's list, on the way to the certificates."""
    READING_ADVICE = "reading_advice"
    CHOOSING_OPTIONS = "choosing_options"
    PREPARING = "preparing"
    CONFIRMING = "confirming"
    OPENING_TRANSACTION = "opening_transaction"
    CHOOSING_MEANS = "choosing_means"
    AWAITING_CODE = "awaiting_code"
    """The resident's phone is held to the camera."""
    PROVING = "proving"
    """Before a cashless payment: the printer is ready now and, where it cannot be voided, the document is valid."""
    CHARGING = "charging"
    """A terminal or gateway has been asked for the money."""
    CHECKING_PAYMENT = "checking_payment"
    """Nobody can say how the payment stands: it is being asked."""
    AWAITING_PAYMENT = "awaiting_payment"
    CLOSING_PAYMENT = "closing_payment"
    ISSUING = "issuing"
    AWAITING_PRINTER = "awaiting_printer"
    PAYING_OUT = "paying_out"
    TAKING_THINGS = "taking_things"
    FINISHED = "finished"
    NOTIFIED = "notified"
    IN_TROUBLE = "in_trouble"
    OFFERING_BACK = "offering_back"
    STAFF_LOGIN = "staff_login"
    """A member of staff's own card lies on the reader, and nobody is being served."""
    STAFF_DESK = "staff_desk"
    """Staff have the display."""


class LineStage(enum.Enum):
    """How far one order line has come in this session."""

    WANTED = "wanted"
    PREPARED = "prepared"
    COMMITTED = "committed"
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"
    """Proven not printed: its fee goes back."""
    IN_DOUBT = "in_doubt"
    """Nobody knows whether it came out: its fee stays held for staff."""


class Line(msgspec.Struct, frozen=True):
    """One copy of one certificate in this session."""

    line: LineId
    kind: str
    options: tuple[tuple[str, str], ...]
    fee: Yen
    stage: LineStage = LineStage.WANTED
    document: Document | None = None
    holders_masked: tuple[str, ...] = ()
    pages_done: int = 0
    tries: int = 0
    printer: DeviceId = DeviceId("")
    """Which one was asked for it last."""
    refused_by: tuple[DeviceId, ...] = ()
    """Printers that refused it since somebody last waited for one."""
    sheets_left: int = 0
    """Seen leaving the outlet since it was sent (kiosk/engine/outlets.py)."""
    is_tray_filled: bool = False
    """Something fell into that tray since it was sent."""
    is_unwatched: bool = False
    """The sensors were away for a moment meanwhile."""
    ended: PrintEnded | None = None
    """The printer is done; the sensors have not seen all of it yet."""


class FaceWay(enum.Enum):
    """How it is found out that the person is the one on the card, where a policy asks it."""

    UNDECIDED = "undecided"
    CAMERA = "camera"
    STAFF = "staff"
    """Equal in time, cost and result."""


class FaceTalk(msgspec.Struct, frozen=True):
    """What a session knows of the face: questions and turns, never a picture or a measure."""

    way: FaceWay = FaceWay.UNDECIDED
    part: NumberPart = NumberPart.BIRTH
    note: str = ""
    """Why the number is asked again: `refused` (not a date), `forgotten` (too slow), `wrong` (not this card's),
    `unread` (not by the camera: typed now)."""
    is_typed: bool = True
    """In questions; else the card's front is held to the camera."""
    is_reading: bool = False
    """The camera is looking for a card."""
    card_hint: CardHintCode = CardHintCode.NO_CARD
    is_held: bool = False
    """The card process holds the whole number, as far as was told."""
    numbers_wrong: int = 0
    times_forgotten: int = 0
    checks: int = 0
    op: OpId | None = None
    hint: FaceHintCode = FaceHintCode.NO_FACE
    box: FaceBox | None = None
    turn: TurnDirection | None = None
    is_coming_back: bool = False
    """A turn was seen: look ahead again."""
    outcome: FaceOutcome | None = None
    """Of the last check."""


class VisitNotes(msgspec.Struct, frozen=True):
    """What is counted of a visit while it goes on (engine/visits.py)."""

    since_s: float = 0.0
    """When its present step began."""
    times: tuple[tuple[str, float], ...] = ()
    """Seconds in the steps before, in the order of their first."""
    codes: tuple[str, ...] = ()
    end: str = ""
    """`left`, `nobody`, `refused`: how it was given up, once it was."""
    step: str = ""
    """Where."""


class Session(msgspec.Struct, frozen=True):
    """One resident, from the first touch to the last paper. Gone as a whole at the end."""

    transaction: TransactionId
    step: Step
    card: CardRead | None = None
    slot: str = ""
    attempts_left: int = 0
    wrong_tries: int = 0
    was_wrong: bool = False
    digits: int = 0
    """How many the ten-key holds for the open slot."""
    is_checking: bool = False
    consented: bool = False
    challenge: bytes | None = None
    sign_op: OpId | None = None
    face: FaceTalk = FaceTalk()
    holder: CardHolder | None = None
    """From the card's own record, read and believed with 照合番号B. None: the policy did not ask for it, or staff
    looked: then who the person is rests on card, PIN and the server's word alone."""
    is_verified: bool = False
    """The card accepted the PIN and signed."""
    is_authenticated: bool = False
    """The server accepted card and signature."""
    is_unread: bool = False
    """A card lies there that could not be read; it may be placed again."""
    times_unread: int = 0
    card_is_left: bool = False
    certificate_ends_soon: bool = False
    entitlements: tuple[Entitlement, ...] = ()
    copies: tuple[tuple[str, int], ...] = ()
    options: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    asking: int = 0
    """Which of the chosen kinds is being asked about."""
    lines: tuple[Line, ...] = ()
    applicant_masked: str = ""
    number: str = ""
    refused_kinds: tuple[tuple[str, str], ...] = ()
    purpose_asked: str = ""
    """Of the guidance: what she said that she needs it for, as long as the advice is shown."""
    opinion: str = "ease"
    """The question of the last screen: `ease`, then `alone`, then empty."""
    filled: frozenset[str] = frozenset()
    """Trays in which a sensor has seen something in this visit."""
    is_cancelled: bool = False
    is_assisted: bool = False
    """Staff did something for this person at this machine."""
    retries: int = 0
    is_proven: bool = False
    """The printers have answered that all papers can come out."""
    purpose: str = "return"
    """Why money goes out: of PayoutDecided."""
    payout: OpId | None = None
    back: Cash | None = None
    """The very pieces that are still to go back, where held money is returned."""
    refusals: tuple[DeviceId, ...] = ()
    """Hoppers that refused a dispense for a passing cause, once for each time."""
    things: tuple[tuple[str, str], ...] = ()
    """(thing, `coming` | `waiting` | `taken`)."""
    is_reading: bool = False
    """Her certificate is being read to her."""
    change: Yen = Yen(0)
    receipt_op: OpId | None = None
    closing: frozenset[DeviceId] = frozenset()
    """Slots that have been told to shut and have not said that they are."""
    note_said: str = ""
    """`returned` or `refused`: what became of the last note, for the screen."""
    is_note_left: bool = False
    """A note was not taken and went back into the machine."""
    means: str = ""
    """`cash` or a brand's key, once it was chosen."""
    charge: OpId | None = None
    """The payment at a terminal that is under way."""
    stage: str = ""
    """Of it, for the screen: `touch`, `touch_again`, `processing`."""
    code: str = ""
    """Consumer-presented, from the camera until the request is out."""
    payload: str = ""
    """Merchant-presented: what to show."""
    balance: Yen | None = None
    """On the prepaid card before, for the paper only."""
    said: str = ""
    """Why the means before was nothing: `declined`, `nobody`, `trouble`."""
    wants_other: bool = False
    """She asked for another means: the payment is being aborted."""
    is_void_tried: bool = False
    """It was refused, or must not be tried: what was taken stands on a slip."""
    voided: Yen = Yen(0)
    returned: Yen = Yen(0)
    """Held money that was given back, for the screen: the account may be closed by then."""
    is_count_told: bool = False
    is_uncounted: bool = False
    """Pieces of unknown value may be inside: a person counts."""
    is_slow: bool = False
    """The printer takes much longer than its pages should."""
    is_doubt_told: bool = False
    is_note_told: bool = False
    """The person has the paper over a note that is in doubt."""
    slips: tuple[Any, ...] = ()
    """Slips (PrintSlip) that are not proven printed: the screen does not promise them, and they are printed later."""
    trouble: str = ""
    slip_owed: Yen = Yen(0)
    notes: VisitNotes = VisitNotes()

    @property
    def total(self) -> Yen:
        return Yen.sum(line.fee for line in self.lines)


class Manners(msgspec.Struct, frozen=True):
    """How the machine behaves to this person. Reset for the next."""

    language: str
    text_size: str = "S"
    contrast: str = "normal"
    is_voice_on: bool = False
    loudness: int = LOUDNESS_USUAL
    pace: int = PACE_USUAL
    """Of the voice."""
    is_curtained: bool = False
    """The screen is dark: she listens, and nobody looks over her shoulder."""
    is_low_reach: bool = False
    is_helped: bool = False
    """An assistant stands beside the person, and both can see that the machine knows it."""
    is_helper_here: bool = False
    """The assistant has no panel: what is written for staff stands on this screen, below."""
    pointed: str = ""
    """What the assistant points at, until the next step."""


class Login(msgspec.Struct, frozen=True):
    """A staff card, from the reader to the desk."""

    stage: str
    """`wait` (the delay after wrong PINs), `opening`, `pin`, `signing`, `tapped` (no PIN is wanted), `back` (take the
    card), `refused` (`code` says why)."""
    member: Member | None
    certificate: bytes = b""
    reader: DeviceId = DeviceId("")
    """Where the card lies."""
    code: str = ""
    slot: str = ""
    shortest: int = 6
    longest: int = 8
    attempts_left: int = 0
    was_wrong: bool = False
    digits: int = 0
    op: OpId | None = None
    message: bytes = b""
    ends_at_s: float = 0.0
    """Of a wait."""
    is_code: bool = False
    """A sealed code is asked for, no card and no PIN."""
    entered: tuple[Staff, ...] = ()
    """Who is proven and takes the card back first; two: they open it together (two_people.py)."""


class Desk(msgspec.Struct, frozen=True):
    """The staff desk on the resident's display, of one person who has proven who they are."""

    staff: Staff
    since_s: float
    beside: str = ""
    """Another person who has logged in too."""
    is_forced: bool = False
    """The two opened it together (two_people.py)."""
    page: str = "menu"
    of: str = ""
    trail: tuple[tuple[str, str], ...] = ()
    """Pages behind this one."""
    pieces: tuple[tuple[tuple[str, str, str], int], ...] = ()
    """(unit, face, counted | put_in | taken_out | left) -> pieces, of the exchange that is open; (found, place, yen) ->
    yen that were left behind."""
    pending: StaffIntent | None = None
    """An act that still wants its reason."""
    said: tuple[str, str] = ("", "")
    """What became of the last act, Japanese and English."""
    is_refused: bool = False
    paper: Slip | None = None
    report: tuple[str, str] = ("", "")
    """Which paper that is: its name, and of what."""
    is_slip_due: bool = False
    """It is printed on the roll as soon as it is made."""
    op: OpId | None = None
    """What the machine is doing for a test, or the paper that is being made."""
    result: str = ""
    """Of the test on this page: `running`, `seen`, `failed`, or nothing."""
    facts: tuple[tuple[str, str, str], ...] = ()
    """What the machine found when it looked at itself: (what, finding, mark)."""


class Half(msgspec.Struct, frozen=True):
    """One of two people who open the desk together."""

    staff: Staff
    how: str
    """`card`, `code`, `desk` (two_people.py)."""
    until_s: float = 0.0
    """A second may come until then."""


class Present(msgspec.Struct, frozen=True):
    """A person of the staff who has entered."""

    staff: Staff
    until_s: float


class Kiosk(msgspec.Struct, frozen=True):
    """Everything. A new value after each event; the old one is never changed."""

    setup: Setup
    seed: bytes
    """From the operating system at start: ids are made of it, unguessable and yet a pure function."""
    ids_made: int = 0
    now_s: float = 0.0
    """The machine's monotonic clock, stamped by the loop."""
    wall: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """For what is printed; nothing is decided by it."""
    phase: Phase = Phase.STARTING
    step: int = 1
    manners: Manners = Manners(language="ja")
    session: Session | None = None
    ledger: Ledger = EMPTY
    up: frozenset[DeviceId] = frozenset()
    faults: frozenset[tuple[DeviceId, str]] = frozenset()
    warnings: frozenset[tuple[DeviceId, str]] = frozenset()
    """What staff should see to before it is a fault."""
    card: CardRead | None = None
    card_is_present: bool = False
    card_stayed: bool = False
    """It lies there since the visit before, which is over."""
    staff_card_is_present: bool = False
    """Something lies on the staff's own reader."""
    camera_is_allowed: bool = False
    """As it was told last. No secret slot opens before the vision process has said that its camera is shut, but for the
    one slot that the camera itself fills."""
    camera_shuttings: int = 0
    """Times that it was told to shut and has not said that it is."""
    slot_waits: OpenPinSlot | OpenNumberSlot | OpenCodeSlot | None = None
    printers: tuple[PrinterRead, ...] = ()
    """What each certificate printer last said; one that is away is not among them."""
    hoppers: tuple[HopperRead, ...] = ()
    terminals: tuple[TerminalRead, ...] = ()
    """What terminals and gateways last said of themselves."""
    accepting: tuple[Denomination, ...] | None = None
    """Coins, as the acceptor has confirmed."""
    was_lost_open: bool = False
    """The acceptor went while its slot was open: what fell in then is in its counters only."""
    notes_open: tuple[Denomination, ...] | None = None
    """Notes, as their acceptor has confirmed; None: it cannot be opened now."""
    notes_wanted: tuple[Denomination, ...] = ()
    """What it was last told."""
    within_reach: frozenset[tuple[DeviceId, str]] = frozenset()
    """Faults that the person in front can end."""
    is_path_due: bool = False
    """The note unit was without power and waits to be reset."""
    unplaced: OpId | None = None
    """A credited note of which its device has not said where it lies."""
    bezel: OpId | None = None
    """The payout of which a note waits to be taken."""
    is_bezel_late: bool = False
    unread: frozenset[DeviceId] = frozenset()
    """Boxes that have paid and not told their count since: nothing is paid on an old count."""
    issuance: IssuanceStatus | None = None
    issuance_code: str = ""
    clock_is_good: bool = True
    writing: int = 0
    """Writes that were asked for and have not come back."""
    journal_is_dead: bool = False
    journal_has_room: bool = True
    still_there_s: float | None = None
    is_staff_called: bool = False
    called_s: float | None = None
    """Since when; engine/calls.py keeps it."""
    is_call_answered: bool = False
    """Somebody said that they are coming."""
    waiting_s: float | None = None
    """Since when a person in front of the machine waits; None: only the machine wants staff."""
    came_after_s: tuple[int, ...] = ()
    """Of the newest calls that ended with somebody there: how long each waited; engine/calls.py keeps it."""
    is_called_for_left: bool = False
    """Staff are called since something of a visit that is over lies in a tray."""
    is_emergency: bool = False
    """The building is being left: nothing new begins, and everything that can end does."""
    trays: frozenset[str] = frozenset()
    """Trays in which something lies, by their sensors."""
    resolving: frozenset[OpId] = frozenset()
    """Operations of before the restart whose end the devices are being asked."""
    at_terminal: frozenset[TransactionId] = frozenset()
    """Transactions that the last life left while a terminal was asked for their money: no slot was open for them."""
    recovered: bool = False
    is_cash_warned: bool = False
    """Staff were told that much cash lies in the machine."""
    is_change_short: bool = False
    """As the units now stand no face could be given back whole on a cancel, whatever somebody orders."""
    present: tuple[Present, ...] = ()
    """Staff who stand at the machine; a new life knows nobody."""
    login: Login | None = None
    desk: Desk | None = None
    half: Half | None = None
    """Break-glass: the first of two."""
    wrong_at_s: tuple[tuple[str, float], ...] = ()
    """When a member of staff's last wrong PIN was, in this life."""
    day_close_waits: str = ""
    """The operator of a day close that waits for the session to end."""
    uncounted: TransactionId | None = None
    """The open transaction of the last life in which the acceptor lost its counter: money unknown."""
    waits_long: bool = False
    """Money of the last life is held, and a device that must be asked first does not come."""
    recovering: tuple[TransactionId, ...] = ()
    """Open transactions of the last life that are still to be taken up."""


BESIDE = (StaffCalled, CallAnswered, CallEnded, VisitBegun, VisitEnded, Rated, EmergencySeen)
"""Records that nothing waits for: their writes are not counted in `writing`."""


class Turn:
    """One call of `handle`: the state as it becomes, and the commands collected, in order."""

    def __init__(self, state: Kiosk) -> None:
        self.state = state
        self.commands: list[Command] = []

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)

    def record(self, *records: Record) -> None:
        self.set(writing=self.state.writing + 1)
        self.commands.append(Append(records))

    def note(self, record: Record) -> None:
        """A record beside the others (BESIDE): no act waits for it, and it holds up none."""
        if not self.state.journal_is_dead:
            self.commands.append(Append((record,)))

    def set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def go(self, phase: Phase) -> None:
        self.set(phase=phase)

    @property
    def session(self) -> Session:
        """The session; asking without one is our bug."""
        if self.state.session is None:
            raise ContractError(f"no session in phase {self.state.phase.value}")
        return self.state.session

    def edit(self, **changes: Any) -> None:
        """Change the session."""
        self.set(session=replace(self.session, **changes))

    def edit_face(self, **changes: Any) -> None:
        """Change what the session knows of the face."""
        self.edit(face=replace(self.session.face, **changes))

    def edit_line(self, line: LineId, **changes: Any) -> None:
        self.edit(
            lines=tuple(
                replace(each, **changes) if each.line == line else each for each in self.session.lines
            )
        )

    def token(self) -> str:
        """A fresh unguessable id: 128 bits of a keyed hash over a counter."""
        made = self.state.ids_made + 1
        self.set(ids_made=made)
        return hashlib.blake2b(made.to_bytes(8, "big"), key=self.state.seed, digest_size=16).hexdigest()
