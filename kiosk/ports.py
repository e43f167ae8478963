"""What the core needs of the world: frozen events and commands, a family per device kind.

Events are past tense and come from a driver; commands are imperative and go to one. A driver may only put events
on the core's inbox (`post`). Every operation that moves money or paper ends in exactly one event with an `Outcome`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from kiosk.ids import DeviceId, LineId, OpId, SlotId, TransactionId
from kiosk.money import Denomination


class Outcome(enum.Enum):
    """How an operation ended. UNKNOWN is a result: it stays until device evidence or a person resolves it."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """Proven not done."""
    PARTIAL = "partial"
    UNKNOWN = "unknown"


class Event(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Something that happened."""


class Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Something to do."""


class Driver(Protocol):
    """One or more devices behind one line, as the daemon sees them. Every call returns at once; work happens in the
    driver's own thread."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """The device ids that commands and events of this driver carry (a ccTalk bus has an acceptor and hoppers)."""

    def start(self) -> None:
        """Begin; ends in DeviceArrived or DeviceLost, and goes on looking for a lost device by itself."""

    def perform(self, command: Command) -> None:
        """Queue one command. A command this kind cannot do is a ContractError."""

    def stop(self) -> None:
        """Leave the device safe (cash closed, nothing half sent) and end the thread."""


Factory = Callable[[DeviceId, Mapping[str, Any], Callable[[Event], None]], Driver]


# --- every device ---------------------------------------------------------------------------------------------------


class DeviceArrived(Event, frozen=True):
    """The device answers. `identity` is maker, model and serial as the device says them (never a person's data)."""

    device: DeviceId
    identity: str


class DeviceLost(Event, frozen=True):
    """The device does not answer; `code` is from the driver's README (`no-port`, `no-answer`, `wrong-serial` …)."""

    device: DeviceId
    code: str


class DeviceFault(Event, frozen=True):
    """The device is there and says that something is wrong with it. `clear=True` says the same fault is gone."""

    device: DeviceId
    code: str
    clear: bool = False
    is_within_reach: bool = False
    """The person in front can end it (a note that stands in the mouth); else only staff can."""


# --- card (a process of its own; the events carry meaning only) -------------------------------------------------------


class CardKind(enum.Enum):
    """From the JPKI token label (facts/card.md §1.2)."""

    MY_NUMBER = "my_number"
    ANDROID = "android"
    IPHONE = "iphone"
    NO_PIN = "no_pin"
    """顔認証マイナンバーカード: no PIN was ever set. To the counter, politely."""


class CardInserted(Event, frozen=True):
    """Something lies on the reader; it is being read."""

    device: DeviceId


class CardRead(Event, frozen=True):
    """The authentication certificate was read without a PIN. `fingerprint` = SHA-256 of the DER, hex."""

    device: DeviceId
    kind: CardKind
    certificate: bytes
    fingerprint: str
    attempts_left: int
    """Tries before the PIN is blocked, queried without burning one. 0 = blocked."""


class CardUnreadable(Event, frozen=True):
    """Not a card we can use. `code`: `mute` (upside down, moved away), `not-my-number`, `no-certificate`,
    `protocol`."""

    device: DeviceId
    code: str


class CardRemoved(Event, frozen=True):
    device: DeviceId


class PinSlotOpened(Event, frozen=True):
    """The card process waits for one packet with this slot id on the secret socket. No type here can
    carry the digits."""

    device: DeviceId
    slot: SlotId
    attempts_left: int
    min_length: int
    max_length: int


class PinSlotClosed(Event, frozen=True):
    """The slot ended without a VERIFY: its time ran out or it was closed."""

    device: DeviceId
    slot: SlotId


class PinAccepted(Event, frozen=True):
    device: DeviceId


class PinRejected(Event, frozen=True):
    device: DeviceId
    attempts_left: int


class PinBlocked(Event, frozen=True):
    device: DeviceId


class ChallengeSigned(Event, frozen=True):
    device: DeviceId
    op: OpId
    signature: bytes
    fingerprint: str
    """Of the certificate on the card at the moment of signing: must equal CardRead's."""


class CardFailed(Event, frozen=True):
    """A card operation did not end well; the session with this card is over. `code` as in the driver's README."""

    device: DeviceId
    code: str


class OpenPinSlot(Command, frozen=True):
    device: DeviceId


class ClosePinSlot(Command, frozen=True):
    device: DeviceId


class SignChallenge(Command, frozen=True):
    """Sign `message` with the authentication key. Only after PinAccepted. The card hashes nothing: the process does."""

    device: DeviceId
    op: OpId
    message: bytes


class EndCardSession(Command, frozen=True):
    """Power the card off and forget everything; the process goes on watching only for the card's removal."""

    device: DeviceId


# --- cash (XFS4IoT's words for units and counts) ----------------------------------------------------------------------


class CreditMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an acceptor's credits stand: the device's own 8-bit counter and our running count inside an epoch."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    serial: str = ""


class CoinAccepted(Event, frozen=True):
    """One piece is in. Key (device, epoch, seq) is unique for ever: a replay is the same key."""

    device: DeviceId
    epoch: int
    seq: int
    raw: int
    denomination: Denomination
    unit: DeviceId
    """Where the sorter sent it: a hopper's device id, or the cash box (`cashbox`)."""
    serial: str = ""
    """The acceptor's serial number, so that its epoch is known after a restart."""


class CoinRefused(Event, frozen=True):
    """A piece came back or was not recognised; no money. `code` from ccTalk's error table, as a word.

    It moves the device's counter all the same: `epoch`, `seq`, `raw` and `serial` say where that stands now.
    """

    device: DeviceId
    code: str
    epoch: int = 0
    seq: int = 0
    raw: int = 0
    serial: str = ""


class CreditsLost(Event, frozen=True):
    """The device counted more than it could tell us: up to `at_most` pieces of unknown value are in it."""

    device: DeviceId
    epoch: int
    at_most: int


class AcceptorReset(Event, frozen=True):
    """The acceptor lost its counter, is another one, or is seen for the first time: a new epoch begins at counter
    `raw`. Up to `at_most` pieces since the last poll are unknown (0: it was closed, or is new to us)."""

    device: DeviceId
    epoch: int
    serial: str = ""
    raw: int = 0
    at_most: int = 5


class AcceptanceSet(Event, frozen=True):
    """The device confirmed which faces it takes now; none = closed."""

    device: DeviceId
    denominations: tuple[Denomination, ...]


class HopperRead(Event, frozen=True):
    """What the hopper itself says. `event_counter` (ccTalk 166) and `lifetime` (168) are evidence, kept in intents.

    A recycler's box has no such counters: its evidence is `count`, which stands in `event_counter` too.
    """

    device: DeviceId
    denomination: Denomination
    serial: str
    event_counter: int
    lifetime: int
    is_low: bool
    is_high: bool
    count: int = -1
    """Pieces that the unit says it holds; -1: it cannot count them."""


class DispenseProgressed(Event, frozen=True):
    op: OpId
    device: DeviceId
    paid: int


class DispenseEnded(Event, frozen=True):
    """`paid` pieces went out of `asked`. UNKNOWN: `paid` is what is proven, the rest is in doubt."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    asked: int
    paid: int
    event_counter: int = 0
    lifetime: int = 0
    code: str = ""


class StartAcceptor(Command, frozen=True):
    """The first command: where the journal stands, so that credits counted meanwhile are told, once."""

    device: DeviceId
    mark: CreditMark | None


class SetAcceptance(Command, frozen=True):
    device: DeviceId
    denominations: tuple[Denomination, ...]


class ReadHopper(Command, frozen=True):
    device: DeviceId


class Dispense(Command, frozen=True):
    """Pay `count` pieces. Sent only after its intent is durable; never sent twice; the device is asked on any doubt."""

    op: OpId
    device: DeviceId
    count: int


class ResolveDispense(Command, frozen=True):
    """After a restart: what became of this operation? Reads only. Ends in DispenseEnded."""

    op: OpId
    device: DeviceId
    asked: int
    event_counter_before: int
    lifetime_before: int
    serial: str
    paid: int = 0
    """Pieces of it that the journal knows to be out (NotePaid)."""


# --- notes (XFS4IoT: CashIn = escrow, CashInEnd = stack, CashInRollback = return, ItemsPresented, ItemsTaken) ---------
#
# A recycler's boxes pay like hoppers (HopperRead, Dispense, ResolveDispense, DispenseEnded), note by note. `issue` is
# the device's own code of a note: old and new notes of one face have different ones.


class NoteEscrowed(Event, frozen=True):
    """A note is read and held; nothing is decided. StackNote or ReturnNote; without an answer it goes back."""

    device: DeviceId
    denomination: Denomination
    issue: str


class NoteCredited(Event, frozen=True):
    """The note is in and cannot go back. The device says so until AcknowledgeCredit. `op` (StackNote's) is the key of
    this credit for ever: the event may come again."""

    op: OpId
    device: DeviceId
    denomination: Denomination
    issue: str
    unit: DeviceId
    """Where it goes as far as the device has said: a recycler's box, or the cash box (`cashbox`)."""


class NoteStacked(Event, frozen=True):
    """The credited note lies in `unit` (empty: the device did not say again; where NoteCredited said)."""

    op: OpId
    device: DeviceId
    unit: DeviceId


class NoteReturned(Event, frozen=True):
    """The note went back to the person: proven, no money. `op` when StackNote had been given for it."""

    device: DeviceId
    code: str
    op: OpId = OpId("")


class NoteRefused(Event, frozen=True):
    """The device did not want it (XFS4IoT InputRefuse); no money. `code`: why, as a word."""

    device: DeviceId
    code: str


class NoteInDoubt(Event, frozen=True):
    """A note is inside, or was, and nothing proves whose it is. Money UNKNOWN until NoteCredited or NoteReturned of
    the same `op` comes, counts prove it, or a person settles it."""

    device: DeviceId
    code: str
    op: OpId = OpId("")


class NotePresented(Event, frozen=True):
    """A note that is paid out waits in the bezel. Not taken yet, and not unpaid either."""

    op: OpId
    device: DeviceId


class NotePaid(Event, frozen=True):
    """`paid` notes of this payout are out so far. The device goes on only after AcknowledgePayout of that number,
    which the core sends when the number is durable."""

    op: OpId
    device: DeviceId
    paid: int


class NoteRetracted(Event, frozen=True):
    """The note in the bezel was not taken and goes back into the unit."""

    op: OpId
    device: DeviceId


class StartNoteAcceptor(Command, frozen=True):
    """The first command after each arrival. `op`: a StackNote of which the journal has no end."""

    device: DeviceId
    op: OpId = OpId("")
    denomination: Denomination | None = None
    is_credited: bool = False
    """Its credit is durable: only NoteStacked is missing."""


class StackNote(Command, frozen=True):
    """Take the note in escrow. Sent only after its intent is durable. Ends in NoteCredited, NoteReturned or
    NoteInDoubt."""

    op: OpId
    device: DeviceId


class ReturnNote(Command, frozen=True):
    """Give the note in escrow back. Ends in NoteReturned."""

    device: DeviceId


class AcknowledgeCredit(Command, frozen=True):
    """The credit of `op` is durable: the device may forget it. The commit point of a note."""

    op: OpId
    device: DeviceId


class AcknowledgePayout(Command, frozen=True):
    """NotePaid with `paid` is durable: the device may go on."""

    op: OpId
    device: DeviceId
    paid: int


class StopDispense(Command, frozen=True):
    """Pay no further note. The payout ends in DispenseEnded as ever, by what the counts prove."""

    op: OpId
    device: DeviceId


class ResetNotePath(Command, frozen=True):
    """Clear the path: moves a note that may be inside. Never a reflex: what it may be must be in the journal first."""

    device: DeviceId


# --- certificate printer ----------------------------------------------------------------------------------------------


class PrinterRead(Event, frozen=True):
    """State of a printer. `reasons`: IPP printer-state-reasons keywords without severity suffix (RFC 8011 §5.4.12)."""

    device: DeviceId
    is_ready: bool
    reasons: tuple[str, ...]


class PageImprinted(Event, frozen=True):
    op: OpId
    device: DeviceId
    pages: int


class PrintEnded(Event, frozen=True):
    """CONFIRMED: job completed, every page counted, printer idle. REFUSED: proven that nothing came out."""

    op: OpId
    device: DeviceId
    outcome: Outcome
    pages: int
    code: str = ""


class ReadPrinter(Command, frozen=True):
    device: DeviceId


class PrintDocument(Command, frozen=True):
    """`document` is a PDF of exactly `pages` pages whose SHA-256 is `sha256`; both are checked again
    before it is sent."""

    op: OpId
    device: DeviceId
    document: bytes
    sha256: str
    pages: int


# --- receipt printer --------------------------------------------------------------------------------------------------


class SlipLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a slip. `right` is set flush right on the same line; `rule` is a line across."""

    text: str = ""
    right: str = ""
    size: int = 1
    """1 normal, 2 large (amounts), 3 huge."""
    is_bold: bool = False
    is_centred: bool = False
    is_rule: bool = False


class Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt, slip or ticket as lines; the driver draws it (any script) at the paper's width."""

    kind: str
    lines: tuple[SlipLine, ...]


class SlipPrinted(Event, frozen=True):
    op: OpId
    device: DeviceId
    outcome: Outcome
    code: str = ""


class PrintSlip(Command, frozen=True):
    op: OpId
    device: DeviceId
    slip: Slip


# --- issuance (the server behind issuance/openapi.yaml) ---------------------------------------------------------------


class CertificateOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of content. The first choice is the default and shows the least data. Names are keys, not texts."""

    key: str
    choices: tuple[str, ...]


class Entitlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this person may have of one kind now; `refusal` is a public code (N-…) when not now or not here."""

    kind: str
    fee: int
    max_copies: int
    options: tuple[CertificateOption, ...] = ()
    refusal: str = ""


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the kiosk itself found in a prepared document, to be compared with its own session (DESIGN §6)."""

    signature_ok: bool
    transaction: TransactionId
    line: LineId
    order_hash: str
    card_fingerprint: str
    serial: str
    """発行番号 in the manifest."""
    serial_in_text: bool
    """The same 発行番号 stands in the extracted text of every page."""
    transaction_in_metadata: bool
    sha256_ok: bool
    pages_claimed: int
    pages_found: int
    applicant_masked: str
    """`山＊＊`: masked by the town's setting."""
    holders_masked: tuple[str, ...]
    """From the document's own text."""


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Final bytes, reserved and not yet valid."""

    pdf: bytes
    sha256: str
    pages: int
    serial: str


class IssuanceStatus(Event, frozen=True):
    """The server answers and issues (or says why not). `stop`: `` or `kill-switch`, `closed`, `version`, `clock`."""

    is_up: bool
    stop: str = ""
    open_until: str = ""
    """`17:15`, town's time; empty when closed today."""
    prices: tuple[tuple[str, int, int], ...] = ()
    """(kind, fee here, fee at the counter), for the idle screen."""


class ChallengeIssued(Event, frozen=True):
    transaction: TransactionId
    challenge: bytes


class Authenticated(Event, frozen=True):
    transaction: TransactionId
    entitlements: tuple[Entitlement, ...]
    certificate_ends_soon: bool = False


class AuthenticationRefused(Event, frozen=True):
    """`code` is public: C-… or N-…"""

    transaction: TransactionId
    code: str


class Prepared(Event, frozen=True):
    transaction: TransactionId
    line: LineId
    document: Document
    evidence: Evidence


class PrepareRefused(Event, frozen=True):
    transaction: TransactionId
    line: LineId
    code: str


class Committed(Event, frozen=True):
    transaction: TransactionId
    line: LineId


class CommitRefused(Event, frozen=True):
    transaction: TransactionId
    line: LineId
    code: str


class PrintedAcknowledged(Event, frozen=True):
    transaction: TransactionId
    line: LineId


class VoidAcknowledged(Event, frozen=True):
    transaction: TransactionId
    line: LineId


class HeadAcknowledged(Event, frozen=True):
    seq: int


class IssuanceFailed(Event, frozen=True):
    """No usable answer to `request` (a command's name). `code`: `unreachable`, `timeout`, `protocol`, `server`."""

    request: str
    code: str
    transaction: TransactionId | None = None
    line: LineId | None = None


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One copy of one certificate with its content choices, sorted by key."""

    line: LineId
    kind: str
    options: tuple[tuple[str, str], ...] = ()


class ReadIssuance(Command, frozen=True):
    """Ask for status. Ends in IssuanceStatus or IssuanceFailed."""


class RequestChallenge(Command, frozen=True):
    transaction: TransactionId
    kinds: tuple[str, ...] = ()
    """Bound into the challenge in `kind_first`."""


class Authenticate(Command, frozen=True):
    transaction: TransactionId
    certificate: bytes
    signature: bytes
    kinds: tuple[str, ...] = ()


class Prepare(Command, frozen=True):
    """The order's hash is signed by the kiosk's key. A timeout invalidates the whole transaction."""

    transaction: TransactionId
    order: Order
    card_fingerprint: str


class Commit(Command, frozen=True):
    """Idempotent by line: repeating it is safe and gives the same answer."""

    transaction: TransactionId
    line: LineId
    serial: str


class ReportPrinted(Command, frozen=True):
    """Repeated until acknowledged."""

    transaction: TransactionId
    line: LineId
    serial: str
    pages: int


class ReportVoid(Command, frozen=True):
    """Prepared and not wanted, or committed and proven not printed. Repeated until acknowledged."""

    transaction: TransactionId
    line: LineId
    serial: str
    reason: str


class AbandonTransaction(Command, frozen=True):
    """Forget it: its ids are invalid from now, a late answer is dropped at the rim."""

    transaction: TransactionId


class ReportHead(Command, frozen=True):
    """The sealed head of the journal, for the server to keep."""

    seq: int
    head: str
    signature: bytes


# --- panel: lamps, buzzer, doors, sensors -----------------------------------------------------------------------------


class PaperTaken(Event, frozen=True):
    """An exit sensor saw it go. `thing`: `certificate`, `receipt`, `change`."""

    device: DeviceId
    thing: str


# --- face (the vision process; no picture, distance or measure of a face has a type here) -----------------------------


class FaceOutcome(enum.Enum):
    MATCHED = "matched"
    """Alive as far as we can tell, and the person of the photo."""
    NOT_MATCHED = "not_matched"
    NOT_LIVE = "not_live"
    """The asked turns of the head did not come."""
    NOT_JUDGED = "not_judged"
    """Nothing was found out: time, camera, photo. No word about the person."""


class FaceBand(enum.Enum):
    """How far from the threshold, coarsely: a score would help who tries faces."""

    NONE = "none"
    CLEAR = "clear"
    NEAR = "near"


class FaceHintCode(enum.Enum):
    NO_FACE = "no_face"
    ONE_PERSON_ONLY = "one_person_only"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    MOVE_TO_MIDDLE = "move_to_middle"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    HOLD_STILL = "hold_still"
    LOOK_HERE = "look_here"
    GOOD = "good"


class TurnDirection(enum.Enum):
    """The person's own left and right."""

    LEFT = "left"
    RIGHT = "right"


class FaceBox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the face is, in parts of the picture's width and height, as the camera sees it (not mirrored)."""

    left: float
    top: float
    right: float
    bottom: float


class PhotoSlotOpened(Event, frozen=True):
    """The vision process waits for the card's photo: one packet with this slot id, from the card process only."""

    device: DeviceId
    op: OpId
    slot: SlotId


class FaceHint(Event, frozen=True):
    """What the person can do now; GOOD: nothing. Told when it changes, and a few times a second for the box."""

    device: DeviceId
    code: FaceHintCode
    box: FaceBox | None = None


class FaceTurnAsked(Event, frozen=True):
    device: DeviceId
    direction: TurnDirection


class FaceTurnEnded(Event, frozen=True):
    """The asked turn was seen: back to the front."""

    device: DeviceId


class FaceJudged(Event, frozen=True):
    """The check is over, the camera shut and everything of it forgotten. `reason` as in the driver's README."""

    device: DeviceId
    op: OpId
    outcome: FaceOutcome
    band: FaceBand
    reason: str


class CameraForbidden(Event, frozen=True):
    """The camera is shut and stays so until AllowCamera: a secret slot may open now."""

    device: DeviceId


class StartFaceCheck(Command, frozen=True):
    """After the person was told what for, that nothing is kept and of the other way, and agreed."""

    device: DeviceId
    op: OpId
    threshold: float = 0.5


class StopFaceCheck(Command, frozen=True):
    """Ends in FaceJudged (NOT_JUDGED, `stopped`), unless it had ended."""

    device: DeviceId


class ForbidCamera(Command, frozen=True):
    """A secret slot is about to open: ends in CameraForbidden. A fresh vision process begins forbidden."""

    device: DeviceId


class AllowCamera(Command, frozen=True):
    """No secret slot is open."""

    device: DeviceId


# --- the loop's own ---------------------------------------------------------------------------------------------------


class StartTimer(Command, frozen=True):
    name: str
    after_s: float


class StopTimer(Command, frozen=True):
    name: str


class TimerExpired(Event, frozen=True):
    name: str


class ClockJudged(Event, frozen=True):
    """Whether the wall clock can be trusted: synchronised and not before the build date."""

    is_good: bool
    code: str = ""
