"""The issuance server, behind issuance/openapi.yaml."""

from __future__ import annotations

import msgspec

from kiosk.ids import LineId, TransactionId
from kiosk.ports.base import Command, Event
from kiosk.ports.card import CardHolder


class CertificateOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question of content. The first choice is the default and shows the least data. Names are keys, not texts."""

    key: str
    choices: tuple[str, ...]
    label: str = ""
    """Of a question about one person: by what the family calls them. For the resident's screen, and nothing else."""
    only_if: tuple[str, str] | None = None
    """Asked only when that other question has that answer."""


class Entitlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this person may have of one kind now; `refusal` is a public code (N-…) when not now or not here."""

    kind: str
    fee: int
    max_copies: int
    options: tuple[CertificateOption, ...] = ()
    refusal: str = ""


class CardEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the card's own believed record says against the manifest and the paper: evidence that is not the server's
    word (DESIGN §6 e)."""

    birth_ok: bool
    sex_ok: bool
    name_ok: bool
    """Letters that registers and cards write differently are no difference (kiosk/same_name.py)."""
    paper_ok: bool
    """Where the applicant stands on the paper with a birth date: it is the card's."""
    paper_sex_ok: bool
    """Where the applicant stands on the paper with a sex: it is the card's."""


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
    card: CardEvidence | None = None
    """None: this session knows nothing of the card's holder."""


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Final bytes, reserved and not yet valid."""

    pdf: bytes
    sha256: str
    pages: int
    serial: str
    sides: str = "one-sided"
    """How it is printed, as IPP names it; `two-sided-long-edge`: each second page is the back of the one before."""
    fronts: tuple[str, ...] = ()
    """What stands on the front of each sheet, extracted of these bytes when they were checked; only where there is a
    reader: rows from top to bottom, a line each, their parts from left to right, parted by tabs."""

    @property
    def sheets(self) -> int:
        """Sheets of paper."""
        return self.pages if self.sides == "one-sided" else -(-self.pages // 2)


class IssuanceStatus(Event, frozen=True):
    """The server answers and issues (or says why not). `stop`: `` or `kill-switch`, `closed`, `version`, `clock`,
    `demo-server` (on a machine in use)."""

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


class StateReported(Event, frozen=True):
    """The server keeps the machine's state. `is_call_answered`: somebody said on the staff page that they come."""

    is_call_answered: bool


class FiguresKept(Event, frozen=True):
    day: str


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
    is_assisted: bool = False
    """Staff helped; the record of the request says so."""
    holder: CardHolder | None = None
    """Stays in this machine: the paper that comes is compared with it."""


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


class UnitLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in one cash unit by the books."""

    unit: str
    face: int
    """Yen; 0: mixed."""
    pieces: int
    amount: int


class Supply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is used up: `paper`, `roll` or `toner` of one printer."""

    device: str
    what: str
    sheets: int = -1
    """Of paper; -1: it does not say."""
    is_low: bool = False


class ReportState(Command, frozen=True):
    """How the machine stands, for the town's list of kiosks: the step and never the person. Ends in StateReported or
    IssuanceFailed."""

    service: str
    """`idle`, `serving`, `out`, `starting`."""
    step: str = ""
    step_s: int = 0
    """So long in this step."""
    code: str = ""
    called_s: int = -1
    """Seconds since staff were called; -1: they are not."""
    is_call_answered: bool = False
    is_helped: bool = False
    incidents: tuple[str, ...] = ()
    """Codes of what is open."""
    troubles: tuple[str, ...] = ()
    """`device code`: faults, printers' reasons, devices that are away."""
    supplies: tuple[Supply, ...] = ()
    """Of the printers that answer."""
    cash: tuple[UnitLevel, ...] = ()
    cash_code: str = ""
    """Why no cash is taken now; empty: it is."""
    is_training: bool = False


class KeepFigures(Command, frozen=True):
    """One business day's statistics without small cells. Repeating it is safe: the newest stands. Ends in FiguresKept
    or IssuanceFailed."""

    day: str
    """`2026-11-30`."""
    figures: tuple[tuple[str, str, float], ...]
    """(table, labels, value); -1: too small to be told."""
